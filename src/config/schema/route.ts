import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { nearest } from '../../core/nearest.ts';
import { withRemedy } from '../../core/remedy.ts';
import { isToken } from '../../http/field.ts';
import { parseHost } from '../../http/host.ts';
import { routableMethods } from '../../http/methods.ts';
import { duration, size } from '../../core/units.ts';
import { pathMatch } from './path-match.ts';
import { foundIn } from '../../core/found-in.ts';
import { text } from './scalars.ts';
import { headerMatches, queryMatches } from './value-match.ts';

/** A host that a route is for. Lower case, without port. */
export interface HostPattern {
  /** `exact`: that host; `wildcard`: one or more labels in front of it. */
  readonly type: 'exact' | 'wildcard';
  /** `api.example.com`; of `*.example.com` what follows the star, with its dot: `.example.com`. IPv6 in brackets. */
  readonly value: string;
}

const hostRemedy = 'write a host such as api.example.com or *.example.com, without scheme, port and path';

const hostPattern = z
  .string({ error: (issue) => withRemedy(`expected a host, found ${foundIn(issue.input)}`, hostRemedy) })
  .meta({ title: 'a host' })
  .transform((value, context): HostPattern => {
    const pattern = readHost(value);
    if (pattern !== undefined) return pattern;
    const message = withRemedy(`${foundIn(value)} is not a host`, meantHost(value));
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });

const method = z.enum(routableMethods, {
  error: (issue) => {
    const upper = typeof issue.input === 'string' ? issue.input.toUpperCase() : '';
    const meant = nearest(upper, routableMethods);
    return withRemedy(`${foundIn(issue.input)} is not a method that a route can have`, meant === undefined ? `write one of ${routableMethods.join(', ')}` : `write ${meant}`);
  },
}).meta({ title: 'a method such as `GET`' });

/** Fields that say where a message ends, who sends it or where it goes must not come after its body (RFC 9110 §6.5.1). */
const neverTrailers = new Set([
  'age', 'authorization', 'cache-control', 'connection', 'content-encoding', 'content-length', 'content-range', 'content-type',
  'cookie', 'date', 'expect', 'expires', 'forwarded', 'host', 'keep-alive', 'location', 'max-forwards', 'pragma',
  'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'range', 'retry-after', 'set-cookie', 'te', 'trailer',
  'transfer-encoding', 'upgrade', 'vary', 'via', 'warning', 'www-authenticate', 'x-forwarded-for', 'x-forwarded-host',
  'x-forwarded-proto', 'x-real-ip',
]);

const trailer = text(isToken, 'a header name', 'write letters, digits and "-", such as grpc-status')
  .refine((name) => !neverTrailers.has(name.toLowerCase()), {
    error: (issue) => withRemedy(`${foundIn(issue.input)} is not allowed as a trailer`, 'leave it out: it says how a message is read, and comes too late behind the body'),
  })
  .transform((name) => name.toLowerCase());

const timeouts = z.strictObject({
  exchange: duration({ off: true }).optional().describe('The longest time for a whole exchange on this route. 0 turns it off.'),
  policy: duration().optional().describe('The longest time that one policy may take over a request or an answer on this route, or keep a body waiting.'),
  requestBody: duration({ off: true }).optional().describe('The longest time for a whole request body on this route. 0 turns it off.'),
  requestBodyIdle: duration({ off: true }).optional().describe('The longest time without a byte of the request body on this route. 0 turns it off.'),
  responseHeaders: duration({ off: true }).optional().describe("The longest time to the response head on this route; without it, the upstream's. 0 turns it off."),
  bodyIdle: duration({ off: true }).optional().describe("The longest time without a byte of the response body on this route; without it, the upstream's. 0 turns it off."),
});

const limits = z.strictObject({
  body: size({ off: true }).optional().describe('The largest request body on this route. 0 turns the limit off.'),
});

/** The keys of a route, all but its policies. */
export const routeShape = {
  name: text((value) => /^[^\s"\\\u0000-\u001f\u007f](?:[^"\\\u0000-\u001f\u007f]{0,98}[^\s"\\\u0000-\u001f\u007f])?$/.test(value), 'a name for a route', 'write up to 100 printable characters, without quotes and backslashes')
    .optional()
    .describe('The name in logs, metrics and explain; without it, one is made of method, host and path.'),
  host: z
    .union([hostPattern, z.array(hostPattern).min(1, { error: withRemedy('the list of hosts is empty', 'leave host out for any host') })], { error: (issue) => withRemedy(`expected a host, found ${foundIn(issue.input)}`, hostRemedy) })
    .optional()
    .describe('The host or hosts this route is for, such as api.example.com or *.example.com; without it, any.'),
  path: pathMatch
    .prefault('/')
    .describe('The path this route is for: /users and everything below it, /users/:id, or { exact }, { prefix }, { pattern }, { regex }.'),
  method: z
    .union([method, z.array(method).min(1, { error: withRemedy('the list of methods is empty', 'leave method out for any method') })], { error: (issue) => withRemedy(`expected a method, found ${foundIn(issue.input)}`, 'write GET, or a list such as [GET, POST]') })
    .optional()
    .describe('The method or methods this route is for, GET includes HEAD; without it, any.'),
  headers: headerMatches.describe('Headers the request must have: a text, { present: true } or { regex }.'),
  query: queryMatches.describe('Query parameters the request must have: a text, { present: true } or { regex }.'),
  upstream: z
    .string({
      error: (issue) =>
        withRemedy(
          `expected the name of an upstream, found ${foundIn(issue.input)}`,
          typeof issue.input === 'number' ? `put it in quotes: "${issue.input}"` : 'write a name that stands under upstreams',
        ),
    })
    .optional()
    .describe('The upstream that serves this route; only a route whose policies always answer has none.'),
  stripPrefix: z.boolean().prefault(false).describe("Whether the path's prefix is taken away, so that the service sees /1 for /users/1."),
  rewrite: z.string().optional().describe('The path the service sees, such as /v2/users/${params.id}.'),
  preserveHost: z.boolean().prefault(false).describe("Whether the service sees the client's Host rather than its own."),
  streaming: z.boolean().prefault(false).describe('Whether exchanges may last: turns off the exchange and requestBody time-outs.'),
  timeouts: timeouts.prefault({}).describe('Time-outs of this route; what is not given is inherited.'),
  limits: limits.prefault({}).describe('Limits of this route; what is not given is inherited.'),
  allowEncodedSeparators: z.boolean().prefault(false).describe('Whether %2F and %5C may stand in the path; they are passed on as they are.'),
  trailers: z.array(trailer).prefault([]).describe('The trailers passed on in both directions; all others are dropped.'),
  websocket: z.boolean().prefault(true).describe('Whether WebSocket upgrades are relayed.'),
} as const;

function readHost(value: string): HostPattern | undefined {
  const wildcard = value.startsWith('*.');
  const name = wildcard ? value.slice(2) : value;
  const parsed = parseHost(name);
  if (parsed === undefined || parsed.port !== undefined || /:\d*$/.test(name)) return undefined;
  const address = parsed.host.startsWith('[') || isIP(parsed.host) !== 0;
  if (wildcard) return address ? undefined : { type: 'wildcard', value: `.${parsed.host}` };
  return { type: 'exact', value: parsed.host };
}

/** What was most likely meant by something that is not a host. */
function meantHost(value: string): string {
  if (value === '*') return 'leave host out for any host';
  if (isIP(value) === 6) return `write [${value}]`;
  const host = /^(?:https?:\/\/)?(\*\.)?([^/:]+)(?::\d*)?(?:\/.*)?$/.exec(value);
  const meant = host === null ? '' : `${host[1] ?? ''}${domainToASCII(host[2] ?? '')}`;
  return readHost(meant) === undefined ? hostRemedy : `write ${meant}`;
}

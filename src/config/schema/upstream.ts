import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { readTarget } from '../target.ts';
import { foundIn } from '../../core/found-in.ts';
import { fraction, integer, isHostName, text } from './scalars.ts';

const targetUrl = z
  .string({
    error: (issue) =>
      withRemedy(
        `expected the URL of a target, found ${foundIn(issue.input)}`,
        'write a URL such as http://localhost:3001',
      ),
  })
  .meta({ title: 'a URL such as `http://localhost:3001`', pattern: '^https?://[^/?#@]+/?$' })
  .transform((value, context) => {
    const target = readTarget(value);
    if (!('mistake' in target)) return target;
    context.issues.push({ code: 'custom', message: target.mistake, input: value });
    return z.NEVER;
  })
  .describe('Where the target listens: http:// or https://, a host and a port, without a path.');

const weight = integer(1, 1000)
  .prefault(1)
  .describe('How many requests this target gets in proportion to the others of its upstream.');

const target = z
  .union([targetUrl, z.strictObject({ url: targetUrl, weight })], {
    error: (issue) =>
      withRemedy(
        `expected a target, found ${foundIn(issue.input)}`,
        'write a URL such as http://localhost:3001, or { url, weight }',
      ),
  })
  .transform((value) =>
    'weight' in value ? { ...value.url, weight: value.weight } : { ...value, weight: 1 },
  );

const timeouts = z.strictObject({
  connect: duration({ max: '5m' })
    .prefault('3s')
    .describe(
      'The longest time to open a connection, TLS included; then the next target is tried, else 502 or 504.',
    ),
  responseHeaders: duration({ off: true })
    .prefault('30s')
    .describe('The longest time from the request sent to the response head; then 504. 0 turns it off.'),
  bodyIdle: duration({ off: true })
    .prefault('60s')
    .describe(
      'The longest time without a byte of the response body; then both sides are aborted. 0 turns it off.',
    ),
  keepAlive: duration({ off: true })
    .prefault('4s')
    .describe(
      'How long an idle connection is kept, unless the target says more; below the 5 s after which Node services close theirs. 0 keeps none.',
    ),
});

const limits = z.strictObject({
  inFlight: integer(1, 1_000_000)
    .prefault(1024)
    .describe('The most requests that this upstream works on at once; more wait in the queue.'),
  queue: duration({ off: true, max: '5m' })
    .prefault('1s')
    .describe('The longest time a request waits for its turn; then 503 with Retry-After. 0 refuses at once.'),
  connections: integer(1, 1_000_000)
    .optional()
    .describe('The most connections to one target; without it, as many as requests in flight.'),
});

const retries = z.strictObject({
  attempts: integer(0, 10)
    .prefault(1)
    .describe(
      'How often a request that is safe to repeat is sent again, before the first byte of a response; 0 turns it off.',
    ),
  budget: fraction(0, 1)
    .prefault(0.2)
    .describe('The largest share of retries among the requests to this upstream.'),
});

const tls = z.strictObject({
  ca: text((value) => value.trim() !== '', 'the path of a file', 'write the path of a PEM file')
    .optional()
    .describe('The PEM file with the certificates of the authorities to trust; without it, those of Node.'),
  serverName: text(isHostName, 'a host name', 'write a name such as users.internal')
    .optional()
    .describe("The name asked for (SNI) and verified; without it, the target's host."),
  verify: z
    .boolean()
    .prefault(true)
    .describe("Whether the target's certificate is verified; false is for trying things out only."),
});

const upstreamObject = z.strictObject({
  targets: z
    .array(target)
    .min(1, {
      error: withRemedy(
        'the list of targets is empty',
        'write at least one URL such as http://localhost:3001',
      ),
    })
    .describe('The addresses that serve the same thing: URLs, or { url, weight }.'),
  balance: z.enum(['round-robin']).prefault('round-robin').describe('How the next target is chosen.'),
  timeouts: timeouts.prefault({}).describe('Time-outs towards this upstream.'),
  limits: limits.prefault({}).describe('Limits of the work this upstream is given.'),
  retries: retries.prefault({}).describe('Whether and how often a failed request is sent again.'),
  tls: tls.prefault({}).describe('How https targets are verified.'),
  allowPrivate: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether link-local, cloud metadata and unspecified addresses are allowed as targets; loopback and private networks always are.',
    ),
});

/** An upstream as one writes it: a URL, or the long form. */
export const upstream = z
  .union([targetUrl.transform((value) => upstreamObject.parse({ targets: [value.url] })), upstreamObject], {
    error: (issue) =>
      withRemedy(
        `expected an upstream, found ${foundIn(issue.input)}`,
        'write a URL such as http://localhost:3001, or { targets: […] }',
      ),
  })
  .transform(({ limits: { connections, ...bounds }, tls: { ca, serverName, verify }, ...rest }) => {
    const verification: TargetVerification = { ca, serverName, verify };
    return { ...rest, limits: { ...bounds, connections }, tls: verification };
  });

/** How the targets of an upstream are verified. */
export interface TargetVerification {
  readonly ca: string | undefined;
  readonly serverName: string | undefined;
  readonly verify: boolean;
  /** What the file of authorities held when it was read: other authorities under the same name are another configuration. */
  readonly caDigest?: string;
}

/** The name of an upstream. */
export const upstreamName = text(
  (value) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(value) && !reserved.has(value),
  'a name for an upstream',
  'write up to 64 letters, digits, "-", "_" and ".", starting with a letter or digit',
  '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$',
);

/** Names that mean something else to JavaScript. */
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

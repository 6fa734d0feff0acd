import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { nearest } from '../../core/nearest.ts';
import { withRemedy } from '../../core/remedy.ts';
import { isToken } from '../../http/field.ts';
import { isIp } from './is-ip.ts';
import { bodyToSend, type BodyToSend } from './body.ts';
import { claims, type Claims } from './claims.ts';
import { headersToSend } from './header-lines.ts';

/** A request as the file describes it. */
export interface RequestToSend {
  readonly method: string;
  /** As it goes onto the wire: a path with its query, or `*`. */
  readonly target: string;
  /** What `Host` says; undefined where nothing names it, null where there is none. */
  readonly host: string | null | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: BodyToSend | undefined;
  /** The address that it comes from. */
  readonly ip: string;
  /** What a token is issued for it with. */
  readonly token: Claims | undefined;
}

const lineRemedy = 'write a method and a path, such as GET /orders/7?full=1';

const requestLine = z
  .string({ error: (issue) => withRemedy(`expected a request, found ${foundIn(issue.input)}`, lineRemedy) })
  .meta({ title: 'a request such as `GET /orders/7`' })
  .transform((line, context): RequestToSend => {
    const [method = '', target = '', ...more] = line.trim().split(/\s+/);
    const mistake = more.length > 0 || target === '' ? notALine(line) : methodMistake(method) ?? targetMistake(target);
    if (mistake === undefined) return { ...withoutHost(target), method, headers: [], body: undefined, ip, token: undefined };
    context.issues.push({ code: 'custom', message: mistake, input: line });
    return z.NEVER;
  });

const ip = '127.0.0.1';

const requestKeys = z
  .strictObject({
    method: z
      .string()
      .refine((method) => methodMistake(method) === undefined, { error: (issue) => methodMistake(String(issue.input)) })
      .default('GET')
      .describe('The method. Without it: GET.'),
    path: z
      .string({
        error: (issue) =>
          withRemedy(`expected a path, found ${foundIn(issue.input)}`, 'write path: with its query, such as path: /orders/7?full=1'),
      })
      .refine((target) => targetMistake(target) === undefined, { error: (issue) => targetMistake(String(issue.input)) })
      .describe('The path with its query, as the client sends it, or a whole URL. Has no default.'),
    host: z.string().min(1).nullable().optional().describe('What `Host` says; null for a request without it. Without it: the host of the URL in `path`, or `localhost`.'),
    headers: headersToSend.prefault({}).describe('Header lines: a value a name, or a list of values for several lines. Without it: none.'),
    body: bodyToSend.optional().describe('The body: a text, or a list or keys and values for JSON. Without it: none.'),
    ip: z
      .string()
      .refine(isIp, {
        error: (issue) => withRemedy(`${foundIn(issue.input)} is not an IP address`, 'write one such as 192.0.2.1 or 2001:db8::1'),
      })
      .default(ip)
      .describe('The address that the request comes from. Without it: 127.0.0.1.'),
    token: claims
      .optional()
      .describe(
        'The claims of a token that is sent as `Authorization: Bearer`: `iss` is the first of `issuers` unless it says otherwise, and `exp` an hour ahead. Without it: no token.',
      ),
  })
  .transform(({ path, host, ...rest }): RequestToSend => {
    const target = withoutHost(path);
    return { ...rest, target: target.target, host: host === undefined ? target.host : host, body: rest.body, token: rest.token };
  });

/** A request: its first line, or its parts. */
export const request = z.union([requestLine, requestKeys], {
  error: (issue) =>
    withRemedy(`expected a request, found ${foundIn(issue.input)}`, `${lineRemedy}, or { method, path, headers, … }`),
});

function notALine(line: string): string {
  const [first = ''] = line.trim().split(/\s+/);
  if (first.startsWith('/')) return withRemedy(`${foundIn(line)} has no method`, `write GET ${first}`);
  return withRemedy(`${foundIn(line)} is no request`, lineRemedy);
}

function methodMistake(method: string): string | undefined {
  if (!isToken(method)) return withRemedy(`${foundIn(method)} is not a method`, 'write one such as GET or POST');
  const upper = method.toUpperCase();
  if (method === upper) return undefined;
  const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  return withRemedy(`${foundIn(method)} is not written as methods are`, `write ${nearest(upper, known) ?? upper}`);
}

function targetMistake(target: string): string | undefined {
  if (/[\s\0-\x1f\x7f]/.test(target))
    return withRemedy(`${foundIn(target)} has white space or control characters in it`, 'write %20 for a space');
  if (target === '*' || target.startsWith('/') || /^https?:\/\/[^/?#]/i.test(target)) return undefined;
  return withRemedy(`${foundIn(target)} is neither a path nor a URL`, `write it with a slash: /${target.slice(0, 40)}`);
}

/** A URL as a client takes it apart; without the fragment, which it keeps to itself. */
function withoutHost(written: string): { readonly target: string; readonly host: string | undefined } {
  const [, host, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(written) ?? [];
  const path = (host === undefined ? written : rest).replace(/#.*$/, '');
  const target = path === '*' || path.startsWith('/') ? path : `/${path}`;
  return { target: Buffer.from(target, 'utf8').toString('latin1'), host };
}

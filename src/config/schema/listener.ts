import { isIP } from 'node:net';
import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { isToken } from '../../http/field.ts';
import { IpSet } from '../../http/ip.ts';
import { foundIn } from '../../core/found-in.ts';
import { integer, isHost, text } from './scalars.ts';

const portRemedy = 'write a port from 0 to 65535 (0: any free one), "host:port", or { host, port }';

const host = text(
  isHost,
  'an IP address or host name',
  'write an address such as 127.0.0.1 or "::1", without port',
);

const portNumber = integer(0, 65_535);

/** The long form of an address to listen on. */
const listenerObject = z.strictObject({
  host: host
    .optional()
    .describe('The address to listen on; without it, every address of this machine, IPv6 and IPv4.'),
  port: portNumber.describe('The port to listen on; 0 takes any free one.'),
});

const listenerText = z.string().meta({ title: 'a text such as `127.0.0.1:3000`' }).transform((value, context) => {
  const listener = readListener(value);
  if (listener !== undefined) return listener;
  const message = withRemedy(`${foundIn(value)} is not an address to listen on`, portRemedy);
  context.issues.push({ code: 'custom', message, input: value });
  return z.NEVER;
});

const listener = z
  .union([portNumber.transform((value) => ({ port: value })), listenerText, listenerObject], {
    error: (issue) =>
      withRemedy(`expected an address to listen on, found ${foundIn(issue.input)}`, portRemedy),
  })
  .transform((value) => ({ host: 'host' in value ? value.host : undefined, port: value.port }));

/** Where the gateway accepts connections. */
export const listen = z
  .union(
    [listener, z.array(listener).min(1, { error: withRemedy('the list of listeners is empty', portRemedy) })],
    {
      error: (issue) =>
        withRemedy(`expected an address to listen on, found ${foundIn(issue.input)}`, portRemedy),
    },
  )
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .prefault(3000)
  .describe('Where connections are accepted: a port, "host:port", { host, port }, or a list of them.');

/** The admin listener. */
export const admin = z
  .strictObject({
    host: host
      .prefault('127.0.0.1')
      .describe('The address of the admin listener; one that is not loopback needs a token.'),
    port: portNumber.prefault(9901).describe('The port of the admin listener; 0 takes any free one.'),
    token: text(
      (value) => value.length >= 16,
      'a token of 16 characters or more',
      'write ${ADMIN_TOKEN} or ${file:/run/secrets/admin-token} with 16 characters or more in it',
    )
      .optional()
      .describe(
        'The bearer token that every admin request must carry; without it, loopback clients need none.',
      ),
  })
  .transform(({ token, ...rest }) => ({ ...rest, token }))
  .optional()
  .describe('The admin listener: /metrics, /healthz, /readyz and /config; without it there is none.');

const networkRemedy = 'write an address such as 10.0.0.1, or a network such as 10.0.0.0/8 or fd00::/8';

const network = z
  .string({ error: (issue) => withRemedy(`expected an IP address or network, found ${foundIn(issue.input)}`, networkRemedy) })
  .superRefine((value, context) => {
    const message = networkMistake(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** Who may say where a request comes from. */
export const trustedProxies = z
  .array(network)
  .prefault([])
  .describe('The addresses and networks of proxies whose forwarded headers are believed; without it, nobody is.');

/** Which header carries the client's address onwards. */
export const forwarded = z
  .enum(['x-forwarded', 'forwarded', 'both', 'none'])
  .prefault('x-forwarded')
  .describe('Which headers tell an upstream who the client is: X-Forwarded-*, RFC 7239 Forwarded, or both; none adds nothing to what trusted proxies have said.');

/** The gateway's name towards other HTTP hops. */
export const via = text(
  isToken,
  'a token',
  'write letters, digits, "-", "_" and "." only',
  "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
)
  .prefault('waygate')
  .describe(
    'The name in the Via header (RFC 9110 §7.6.3); a request that carries it already is a loop and answered 508.',
  );

/** `3000`, `:3000`, `127.0.0.1:3000`, `localhost:3000` or `[::1]:3000`. */
function readListener(value: string): { readonly host?: string; readonly port: number } | undefined {
  const parts = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(value);
  if (parts === null || Number(parts[3]) > 65_535) return undefined;
  const port = Number(parts[3]);
  const [, bracketed, plain] = parts;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { host: bracketed, port } : undefined;
  if (plain === undefined || plain === '') return { port };
  return isHost(plain) ? { host: plain, port } : undefined;
}

/** What keeps a text from being an address or network: the set that is made of them later is the judge. */
function networkMistake(value: string): string | undefined {
  let set: IpSet | undefined;
  let reason = '';
  try {
    set = new IpSet([value]);
  } catch (error) {
    reason = error instanceof Error ? error.message : '';
  }
  if (set !== undefined) return undefined;
  const [found = '', remedy] = reason.split(/: (?=write )/);
  return remedy === undefined
    ? withRemedy(`${foundIn(value)} is not an IP address or network`, networkRemedy)
    : withRemedy(found, remedy);
}

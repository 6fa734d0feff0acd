import { z } from 'zod';
import { bearerOptions } from '../../core/bearer-challenge.ts';
import { fieldName } from '../../core/option-schemas.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { algorithms } from './algorithms.ts';

const issuer = z
  .string()
  .min(1)
  .max(2048)
  .describe(
    'Who issues the tokens: exactly what their `iss` says, to the last slash. Has no default: one is named here, or several under `issuers`.',
  );

const audience = z
  .union([z.string().min(1).max(2048), z.array(z.string().min(1).max(2048)).min(1).max(100)])
  .describe(
    'Whom the tokens are for: `aud` must name it, or one of these, exactly. Has no default: a token for others is none for you.',
  );

const algorithm = z.enum(algorithms, {
  error: ({ input }) =>
    String(input).toLowerCase() === 'none'
      ? withRemedy(
          'a token with alg "none" has no signature',
          'leave it out: anybody could write such a token',
        )
      : undefined,
});

/** Where the keys of an issuer come from, and what they are used with. */
const keyShape = {
  algorithms: z
    .array(algorithm)
    .min(1)
    .max(algorithms.length)
    .optional()
    .describe(
      'The algorithms that tokens of this issuer may have; all others are refused, whatever keys there are. Without it: RS256, PS256, ES256, EdDSA and Ed25519, or HS256 with a `secret`.',
    ),
  jwks: z
    .string()
    .min(1)
    .max(1024 * 1024)
    .optional()
    .describe(
      'The URL of the JWKS with the public keys, or the JWKS itself, such as `${file:keys.json}`. Without it: `pem` or `secret`, and without those the one that the metadata of the issuer name (`/.well-known/openid-configuration`).',
    ),
  pem: z
    .union([z.string(), z.array(z.string()).min(1).max(100)])
    .optional()
    .describe('Public keys or certificates in PEM, such as `${file:issuer.pem}`. Without it: see `jwks`.'),
  secret: z
    .string()
    .max(4096)
    .optional()
    .describe(
      'The secret shared with the issuer, for HS256 (at least 32 octets), HS384 (48) and HS512 (64). Without it: public keys; see `jwks`.',
    ),
  secretEncoding: z
    .enum(['utf8', 'base64url', 'base64', 'hex'])
    .default('utf8')
    .describe('What the `secret` is written in. Without it: utf8, the text as it stands.'),
  allowHttp: z
    .boolean()
    .default(false)
    .describe(
      'Whether keys may be fetched without TLS from another machine; whoever is on the way can then forge tokens. Without it: no, only over https, or from this machine.',
    ),
};

const issuerOptions = z.strictObject({ issuer, audience, ...keyShape });

/** What the operator wrote about one issuer. */
export type IssuerOptions = z.output<typeof issuerOptions>;

const parameterName = z
  .string()
  .max(100)
  .regex(/^[\w.~-]+$/, {
    error: ({ input }) =>
      withRemedy(
        `${JSON.stringify(input)} is not a plain name`,
        'write letters, digits, `-`, `_`, `.` and `~`',
      ),
  });

const elsewhere = z
  .strictObject({
    cookie: fieldName()
      .optional()
      .describe('The name of the cookie that the token is in. Without it: see `query`.'),
    query: parameterName
      .optional()
      .describe('The name of the query parameter that the token is in. Without it: see `cookie`.'),
  })
  .refine(({ cookie, query }) => (cookie === undefined) !== (query === undefined), {
    error: () => withRemedy('a token is in one place', 'write either `cookie` or `query`'),
  });

const claimName = z.string().min(1).max(256);

/** The options of the policy `jwt`. */
export const options = z.strictObject({
  issuer: issuer.optional(),
  audience: audience.optional(),
  ...keyShape,
  issuers: z
    .array(issuerOptions)
    .min(1)
    .max(100)
    .optional()
    .describe(
      'Several issuers side by side, each with its own `issuer`, `audience`, `algorithms` and keys. Without it: the one that stands beside this.',
    ),
  from: z
    .union([z.literal('authorization'), elsewhere])
    .default('authorization')
    .describe(
      'Where the token is: `authorization` for `Authorization: Bearer …`, `{ cookie: name }` or `{ query: name }`. From the last two it is taken out before the request goes on. Without it: `authorization`.',
    ),
  typ: z
    .union([z.string().min(1).max(100), z.array(z.string().min(1).max(100)).min(1).max(20)])
    .optional()
    .describe(
      'The `typ` that tokens must have, or one of these, such as `at+jwt` for access tokens. Without it: any, or none.',
    ),
  clockSkew: duration({ max: '5m', off: true })
    .prefault('30s')
    .describe("How far the issuer's clock may be from ours; 0 for not at all. Without it: 30s."),
  requiredClaims: z
    .array(claimName)
    .max(100)
    .default([])
    .describe(
      'Claims that must be there, beyond `iss`, `aud`, `exp` and the one with the consumer. Without it: none.',
    ),
  consumerClaim: claimName
    .default('sub')
    .describe('The claim that says who is asking; a token without it is refused. Without it: sub.'),
  groupsClaim: claimName
    .default('groups')
    .describe('The claim with the groups of who is asking: a text, or a list of texts. Without it: groups.'),
  forwardToken: z
    .boolean()
    .optional()
    .describe(
      'Whether the service gets the token, as `Authorization: Bearer …`. Without it: yes if it came this way, no if it came from a cookie or the query.',
    ),
  ...bearerOptions,
  remember: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'How many verified tokens are remembered, so that they need not be verified again; 0 for none. Without it: 10000.',
    ),
  keyMaxAge: duration({ min: '10s', max: '24h' })
    .prefault('10m')
    .describe(
      'How long fetched keys are used before they are fetched again; that happens at three quarters of it, in the background. Without it: 10m.',
    ),
  keyMaxStale: duration({ min: '10s', max: '24d' })
    .prefault('24h')
    .describe(
      'How long fetched keys are used while the issuer is down and no others can be had; then its tokens are answered 503. Without it: 24h.',
    ),
  keyCooldown: duration({ min: '1s', max: '1h' })
    .prefault('10s')
    .describe(
      'How long after a look in vain for an unknown `kid` none is looked for again, and the longest pause between two tries while the issuer is down. Without it: 10s.',
    ),
  fetchTimeout: duration({ min: '100ms', max: '1m' })
    .prefault('2s')
    .describe(
      'How long a fetch of keys may take, and how long a request waits at most for one to begin. Without it: 2s.',
    ),
});

/** The options of the policy, defaults filled in. */
export type JwtOptions = z.output<typeof options>;

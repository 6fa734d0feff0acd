import { z } from 'zod';
import { bearerOptions } from '../../core/bearer-challenge.ts';
import { inFlightOption } from '../../core/bounded-calls.ts';
import { serviceUrl } from '../../core/service-url.ts';
import { duration } from '../../core/units.ts';

const claimName = z.string().min(1).max(256);
const text = z.string().min(1).max(2048);

const cache = z.strictObject({
  for: duration({ min: '100ms', max: '24h', off: true })
    .prefault('10s')
    .describe(
      'How long an answer about an active token is remembered, never past its `exp`: for as long a token that was revoked still passes. 0 for not at all. Without it: 10s.',
    ),
  inactiveFor: duration({ min: '100ms', max: '1h', off: true })
    .prefault('5s')
    .describe('The same for tokens that are refused. Without it: 5s.'),
  maxEntries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'How many tokens are remembered, active and refused ones each; those that did not come for longest go first. Without it: 10000.',
    ),
});

/** The options of the policy `introspection`. */
export const options = z.strictObject({
  url: serviceUrl().describe(
    'The introspection endpoint of the authorization server. Has no default: it must be named.',
  ),
  clientId: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe(
      'The name by which the endpoint knows the gateway, for HTTP Basic. Without it: see `bearerToken`.',
    ),
  clientSecret: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'The password that goes with `clientId`, such as `${file:/run/secrets/introspection}`. Without it: see `bearerToken`.',
    ),
  bearerToken: z
    .string()
    .max(8192)
    .regex(/^[A-Za-z0-9._~+/-]+=*$/, { error: 'this is not a bearer token (RFC 6750 §2.1)' })
    .optional()
    .describe(
      'A token that the endpoint knows the gateway by, in place of `clientId` and `clientSecret`. Without it: those.',
    ),
  allowHttp: z
    .boolean()
    .default(false)
    .describe(
      'Whether tokens and the secret may be sent without TLS to another machine; whoever is on the way can then use them. Without it: no, only over https, or to this machine.',
    ),
  issuer: text
    .optional()
    .describe('What `iss` of the answer must be, to the letter. Without it: anything, or nothing.'),
  audience: z
    .union([text, z.array(text).min(1).max(100)])
    .optional()
    .describe('What `aud` of the answer must have, or one of these. Without it: anything, or nothing.'),
  type: text
    .optional()
    .describe(
      'What `token_type` of the answer must be, in any case, such as Bearer. Without it: anything, or nothing.',
    ),
  clockSkew: duration({ max: '5m', off: true })
    .prefault('30s')
    .describe("How far the server's clock may be from ours; 0 for not at all. Without it: 30s."),
  consumerClaim: claimName
    .default('sub')
    .describe(
      'The member of the answer that says who is asking, such as `username` or `client_id`; a token without it is refused. Without it: sub.',
    ),
  groupsClaim: claimName
    .default('groups')
    .describe('The member with the groups of who is asking: a text, or a list of texts. Without it: groups.'),
  forwardToken: z.boolean().default(true).describe('Whether the service gets the token. Without it: yes.'),
  ...bearerOptions,
  timeout: duration({ min: '10ms', max: '1m' })
    .prefault('5s')
    .describe('How long the endpoint may take; the request waits as long. Without it: 5s.'),
  inFlight: inFlightOption,
  cache: cache.prefault({}).describe('What is remembered of answers. Without it: as its options say.'),
});

/** The options of the policy, defaults filled in. */
export type IntrospectionOptions = z.output<typeof options>;

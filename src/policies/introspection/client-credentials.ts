import { PolicyOptionError } from '../../core/policy.ts';
import type { IntrospectionOptions } from './options.ts';

type Credentials = Pick<IntrospectionOptions, 'clientId' | 'clientSecret' | 'bearerToken'>;

/**
 * The value of Authorization by which the endpoint knows the gateway. It must: otherwise anybody could try tokens out there
 * (RFC 7662 §2.1).
 * @throws PolicyOptionError when there is none, or two.
 */
export function authorizationOf({ clientId, clientSecret, bearerToken }: Credentials): string {
  if (bearerToken !== undefined) {
    if (clientId === undefined && clientSecret === undefined) return `Bearer ${bearerToken}`;
    throw new PolicyOptionError(
      ['bearerToken'],
      'the gateway has two ways to say who it is',
      'keep either `bearerToken` or `clientId` and `clientSecret`',
    );
  }
  if (clientId === undefined || clientSecret === undefined)
    throw new PolicyOptionError(
      [],
      'the gateway cannot say to the endpoint who it is',
      'write `clientId` and `clientSecret`, or `bearerToken`',
    );
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64')}`;
}

/** As RFC 6749 §2.3.1 wants both parts, so that neither a colon nor a letter beyond ASCII is ambiguous. */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

import type { Fetch, FetchLimits } from '../../core/fetch.ts';
import { readObject } from '../../core/strict-json.ts';

/** Enough for a hundred keys of 4096 bits, many of them with a certificate. */
const MAX_BYTES = 256 * 1024;

/** A host that is this machine (RFC 6761 §6.3). */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Why keys must not be fetched from a URL, or undefined: only https says who it is that answers. */
export function urlMistake(text: string, allowHttp: boolean): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'is no URL';
  if (url.username !== '' || url.password !== '') return 'has a user name or a password in it';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'is no https URL';
  return allowHttp || loopback.test(url.hostname) ? undefined : 'is not https';
}

/** Gets the JWKS at a URL. */
export function jwksAt(url: string, fetch: Fetch, timeout: number): () => Promise<Uint8Array> {
  return () => getOk(url, fetch, { timeout, maxBytes: MAX_BYTES });
}

/**
 * Gets the JWKS that an issuer's metadata names (OpenID Connect Discovery 1.0 §4). The metadata are read each time: they may
 * move.
 */
export function jwksOfIssuer(
  issuer: string,
  fetch: Fetch,
  { timeout, allowHttp }: { readonly timeout: number; readonly allowHttp: boolean },
): () => Promise<Uint8Array> {
  const limits = { timeout, maxBytes: MAX_BYTES };
  const metadataUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return async () => {
    const metadata = readObject(await getOk(metadataUrl, fetch, limits));
    if (metadata === undefined) throw new Error(`${metadataUrl} is no JSON object`);
    // §4.3: otherwise somebody else's keys would count as this issuer's.
    if (metadata['issuer'] !== issuer) throw new Error(`${metadataUrl} is about another issuer`);
    const { jwks_uri: uri } = metadata;
    if (typeof uri !== 'string') throw new Error(`${metadataUrl} has no jwks_uri`);
    // An issuer that is reached by https must not send us to a plain port, least of all to one of this machine.
    const plainIssuer = issuer.startsWith('http:');
    const mistake =
      plainIssuer || URL.parse(uri)?.protocol !== 'http:' ? urlMistake(uri, allowHttp) : 'is not https';
    if (mistake !== undefined) throw new Error(`the jwks_uri of ${metadataUrl} ${mistake}`);
    return getOk(uri, fetch, limits);
  };
}

async function getOk(url: string, fetch: Fetch, limits: FetchLimits): Promise<Uint8Array> {
  const { status, body } = await fetch(url, limits);
  // A redirect is not followed either: it may lead anywhere.
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return body;
}

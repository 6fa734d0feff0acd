import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** An algorithm that a test signs with, by Node's own means: what verifies is not what signs. */
export type SigningAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'HS256';

/** A key pair that a test issues tokens with. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public half as a member of a JWKS. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** What a token says when a test does not care; `exp` is set for {@link FakeClock}'s first day. */
export const plainClaims = {
  iss: 'https://issuer.example',
  aud: 'orders',
  sub: 'alice',
  exp: Date.UTC(2026, 0, 1, 1) / 1000,
} as const;

/** A new key pair of the kind that the algorithm takes. */
export function newKey(kid: string, alg: SigningAlgorithm = 'ES256', bits = 2048): SigningKey {
  const { privateKey, publicKey } = pairFor(alg, bits);
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg },
  };
}

/** A JWKS with these keys. */
export function jwksOf(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** A token; `claims` may be the text of a payload. */
export function issueToken(
  key: SigningKey | Uint8Array,
  claims: object | string = plainClaims,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const own = key instanceof Uint8Array ? { alg: 'HS256' } : { alg: key.jwk['alg'], kid: key.kid };
  const { alg, ...others } = { ...own, ...header };
  return issueRaw(
    key,
    JSON.stringify({ alg, ...others }),
    typeof claims === 'string' ? claims : JSON.stringify(claims),
  );
}

/** A token with header and payload as they are given, signed as the key's own algorithm does. */
export function issueRaw(
  key: SigningKey | Uint8Array,
  header: string | Uint8Array,
  payload: string | Uint8Array,
): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature =
    key instanceof Uint8Array ? createHmac('sha256', key).update(input).digest() : signed(key, input);
  return `${input}.${base64url(signature)}`;
}

function signed({ privateKey, jwk }: SigningKey, input: string): Uint8Array {
  const alg = String(jwk['alg']);
  if (alg === 'EdDSA') return sign(null, Buffer.from(input), privateKey);
  const digest = `sha${alg.slice(2)}`;
  const padding = alg.startsWith('PS') ? { padding: 6, saltLength: -1 } : {};
  return sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363', ...padding });
}

function base64url(data: string | Uint8Array): string {
  return Buffer.from(data as Uint8Array).toString('base64url');
}

function pairFor(alg: SigningAlgorithm, bits: number): { privateKey: KeyObject; publicKey: KeyObject } {
  const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
  const namedCurve = curves[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  return alg === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: bits });
}

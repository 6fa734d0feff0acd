import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { FakeClock } from './fake-clock.ts';
import type { FakeDocuments } from './fake-fetch.ts';

/** An algorithm of RFC 7518 or RFC 8037 with a public key. */
export type IssuerAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';

/** How an issuer is made. */
export interface IssuerOptions {
  /** Its name, the `iss` of its tokens; `https://issuer.example` when left out. */
  readonly issuer?: string;
  /** What it signs with; ES256 when left out. */
  readonly alg?: IssuerAlgorithm;
  /** What its tokens say when the test does not; `sub` is `alice` when left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Goes into `iat` and `exp`; one that stands at the first day of a {@link FakeClock} when left out. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** Header parameters of a token; `undefined` leaves one out. */
export type TokenHeader = Readonly<Record<string, unknown>>;

/** Somebody who issues tokens, and tells its keys to whoever asks. */
export interface TokenIssuer {
  /** Its name, the `iss` of its tokens. */
  readonly issuer: string;
  /** Its public keys as a JWKS, the newest first. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** Where its keys are. */
  readonly jwksUrl: string;
  /** Where its metadata are (OpenID Connect Discovery §4). */
  readonly discoveryUrl: string;
  /** What can be fetched from it: the metadata and the keys, as they are at that time. */
  readonly documents: FakeDocuments;
  /**
   * A signed token. It is valid for an hour from now.
   * @param claims what else it says, or instead: `undefined` leaves a claim out.
   * @param header what its header says, beside or in place of `alg`, `kid` and `typ`.
   */
  token(claims?: Readonly<Record<string, unknown>>, header?: TokenHeader): string;
  /** Signs with a new key from now on. @param keep whether the old ones stay in the JWKS; true when left out. */
  rotate(keep?: boolean): void;
}

/** Seconds that a token is valid. */
const LIFETIME = 3600;

/** Makes an issuer with a key of its own; `createTestGateway({ issuers: [issuer] })` lets policies fetch its keys. */
export function tokenIssuer({
  issuer = 'https://issuer.example',
  alg = 'ES256',
  claims: usual = {},
  clock = new FakeClock(),
}: IssuerOptions = {}): TokenIssuer {
  const base = issuer.replace(/\/$/, '');
  const [jwksUrl, discoveryUrl] = [`${base}/jwks.json`, `${base}/.well-known/openid-configuration`];
  let made = 0;
  let keys = [newKey(alg, `key-${++made}`)];
  const documents: FakeDocuments = {
    [discoveryUrl]: () => ({ json: { issuer, jwks_uri: jwksUrl } }),
    [jwksUrl]: () => ({ json: { keys: keys.map(({ jwk }) => jwk) } }),
  };
  return {
    issuer,
    jwksUrl,
    discoveryUrl,
    documents,
    get jwks() {
      return { keys: keys.map(({ jwk }) => jwk) };
    },
    token: (claims = {}, header = {}) => {
      const [key] = keys;
      if (key === undefined) throw new TypeError('the issuer has no key');
      const now = Math.floor(clock.now() / 1000);
      const payload = { iss: issuer, sub: 'alice', iat: now, exp: now + LIFETIME, ...usual, ...claims };
      return signToken(key, { alg, kid: key.kid, typ: 'JWT', ...header }, payload);
    },
    rotate: (keep = true) => {
      keys = [newKey(alg, `key-${++made}`), ...(keep ? keys : [])];
    },
  };
}

interface IssuerKey {
  readonly kid: string;
  readonly alg: IssuerAlgorithm;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

function newKey(alg: IssuerAlgorithm, kid: string): IssuerKey {
  const { privateKey, publicKey } = pairFor(alg);
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg } };
}

function signToken({ privateKey, alg }: IssuerKey, header: object, payload: object): string {
  const input = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signatureOf(privateKey, alg, input).toString('base64url')}`;
}

function signatureOf(key: KeyObject, alg: IssuerAlgorithm, input: string): Buffer {
  if (alg === 'EdDSA') return sign(null, Buffer.from(input), key);
  const padding = alg.startsWith('PS') ? { padding: 6, saltLength: -1 } : {};
  return sign(`sha${alg.slice(2)}`, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363', ...padding });
}

const curves: Partial<Record<IssuerAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

function pairFor(alg: IssuerAlgorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const namedCurve = curves[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  return alg === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

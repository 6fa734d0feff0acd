import type { Setup } from '../../core/policy.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import type { Lease } from '../../core/shared.ts';
import { fitsAlgorithm, isSymmetric, secretSize, type Algorithm } from './algorithms.ts';
import { jwksAt, jwksOfIssuer, urlMistake } from './fetch-jwks.ts';
import { FetchedKeys, type KeyTimes } from './fetched-keys.ts';
import { readKeySet } from './key-set.ts';
import { fixedKeys, type KeySource } from './key-source.ts';
import type { IssuerOptions, JwtOptions } from './options.ts';
import { KeyError, keyFromPem, keyFromSecret, type VerificationKey } from './verification-key.ts';

/** An issuer, ready to verify tokens of. */
export interface Issuer {
  readonly name: string;
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly keys: Lease<KeySource>;
}

type Path = readonly (string | number)[];
type Times = Pick<JwtOptions, 'keyMaxAge' | 'keyMaxStale' | 'keyCooldown' | 'fetchTimeout'>;

/** A URL or the name of a file. Anything else is not shown: it may be keys, or have a password in it. */
const plainName = /^[\w.:/~-]{1,100}$/;

const publicKeyAlgorithms: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/**
 * The issuers that the options name: one, or several under `issuers`.
 * @throws PolicyOptionError when they contradict themselves, or a key is not usable.
 */
export function compileIssuers(options: JwtOptions, setup: Setup): Map<string, Issuer> {
  const issuers = new Map<string, Issuer>();
  checkTimes(options);
  try {
    for (const { path, issuer } of writtenIssuers(options)) {
      if (issuers.has(issuer.issuer))
        throw new PolicyOptionError(
          [...path, 'issuer'],
          `${issuer.issuer} is named twice`,
          'write all of it in one place',
        );
      issuers.set(issuer.issuer, compileIssuer(issuer, path, options, setup));
    }
  } catch (error) {
    for (const { keys } of issuers.values()) keys.release();
    throw error;
  }
  return issuers;
}

function checkTimes({ keyMaxAge, keyMaxStale }: Times): void {
  if (keyMaxStale >= keyMaxAge) return;
  throw new PolicyOptionError(
    ['keyMaxStale'],
    'keys would be given up before they are fetched again',
    'write a `keyMaxStale` that is at least as long as `keyMaxAge`',
  );
}

function writtenIssuers(options: JwtOptions): { path: Path; issuer: IssuerOptions }[] {
  const { issuer, audience, algorithms, jwks, pem, secret, secretEncoding, allowHttp, issuers } = options;
  if (issuers !== undefined) {
    const beside = Object.entries({ issuer, audience, algorithms, jwks, pem, secret });
    const both = beside.find(([, value]) => value !== undefined);
    if (both !== undefined)
      throw new PolicyOptionError(
        [both[0]],
        `\`${both[0]}\` and \`issuers\` do not go together`,
        'write it in each of the `issuers`',
      );
    return issuers.map((each, index) => ({ path: ['issuers', index], issuer: each }));
  }
  if (issuer === undefined)
    throw new PolicyOptionError(
      [],
      'no issuer is named',
      'write `issuer` and `audience`, or several under `issuers`',
    );
  if (audience === undefined)
    throw new PolicyOptionError(
      [],
      'no audience is named',
      'write `audience`: whom the tokens are for, as their `aud` says',
    );
  return [
    { path: [], issuer: { issuer, audience, algorithms, jwks, pem, secret, secretEncoding, allowHttp } },
  ];
}

function compileIssuer(options: IssuerOptions, path: Path, times: Times, setup: Setup): Issuer {
  const { issuer, audience, secret } = options;
  const algorithms = options.algorithms ?? (secret === undefined ? publicKeyAlgorithms : ['HS256' as const]);
  checkAlgorithms(options, algorithms, path);
  return {
    name: issuer,
    audiences: new Set(typeof audience === 'string' ? [audience] : audience),
    algorithms: new Set(algorithms),
    keys: keysOf(options, algorithms, path, times, setup),
  };
}

/** Algorithms that take a secret and those that take public keys must not meet: a public key would become a secret that all know. */
function checkAlgorithms(
  { jwks, pem, secret }: IssuerOptions,
  algorithms: readonly Algorithm[],
  path: Path,
): void {
  const sources = Object.entries({ jwks, pem, secret }).filter(([, value]) => value !== undefined);
  const [, second] = sources;
  if (second !== undefined)
    throw new PolicyOptionError(
      [...path, second[0]],
      'the keys are given twice',
      'keep one of `jwks`, `pem` and `secret`',
    );
  const misfit = algorithms.findIndex((algorithm) => isSymmetric(algorithm) !== (secret !== undefined));
  const name = algorithms[misfit];
  if (name === undefined) return;
  throw new PolicyOptionError(
    [...path, 'algorithms', misfit],
    secret === undefined ? `${name} takes a secret, and there are public keys` : `${name} takes no secret`,
    secret === undefined
      ? 'leave it out, or write a `secret` in place of the keys'
      : 'leave it out, or write `jwks` or `pem` in place of the `secret`',
  );
}

function keysOf(
  options: IssuerOptions,
  algorithms: readonly Algorithm[],
  path: Path,
  times: Times,
  setup: Setup,
): Lease<KeySource> {
  const { jwks, pem, secret } = options;
  if (secret !== undefined) return owned([secretKey(options, secret, algorithms, path)]);
  if (pem !== undefined) return owned(checkFit(pemKeys(pem, path), algorithms, [...path, 'pem']));
  if (jwks?.trimStart().startsWith('{') === true)
    return owned(checkFit(jwksKeys(jwks, path), algorithms, [...path, 'jwks']));
  return fetched(options, path, times, setup);
}

function owned(keys: readonly VerificationKey[]): Lease<KeySource> {
  return { value: fixedKeys(keys), release: () => undefined };
}

function secretKey(
  { secretEncoding }: IssuerOptions,
  secret: string,
  algorithms: readonly Algorithm[],
  path: Path,
): VerificationKey {
  const octets = Buffer.from(secret, secretEncoding);
  // Node reads as much as it can and leaves out the rest.
  const isWhole =
    secretEncoding === 'utf8' ||
    octets.toString(secretEncoding).replace(/=+$/, '') === secret.replace(/=+$/, '');
  if (!isWhole)
    throw new PolicyOptionError(
      [...path, 'secret'],
      `the secret is not ${secretEncoding}`,
      'check `secretEncoding`',
    );
  const needed = Math.max(...algorithms.map(secretSize));
  if (octets.length < needed) {
    const strongest = algorithms.find((algorithm) => secretSize(algorithm) === needed);
    throw new PolicyOptionError(
      [...path, 'secret'],
      `the secret has ${octets.length} octets, and ${strongest} needs ${needed}`,
      `take ${needed} random octets, such as from: openssl rand -base64 ${needed}`,
    );
  }
  return keyFromSecret(octets);
}

function pemKeys(pem: string | readonly string[], path: Path): VerificationKey[] {
  return [pem].flat().flatMap((text, index) => {
    const place = [...path, 'pem', ...(typeof pem === 'string' ? [] : [index])];
    const blocks = text.match(/-----BEGIN [^-]+-----[\s\S]+?-----END [^-]+-----/g) ?? [];
    if (blocks.length === 0)
      throw new PolicyOptionError(
        place,
        'there is no PEM',
        'write ${file:issuer.pem} for the content of a file',
      );
    return blocks.map((block) => {
      const usable = () => keyFromPem(block);
      return readable(
        place,
        usable,
        'write a public key or a certificate: openssl pkey -in private.pem -pubout',
      );
    });
  });
}

function jwksKeys(jwks: string, path: Path): readonly VerificationKey[] {
  const read = () => readKeySet(Buffer.from(jwks)).keys;
  return readable([...path, 'jwks'], read, 'write {"keys": […]} with public keys in it (RFC 7517 §5)');
}

function readable<Result>(path: Path, read: () => Result, remedy: string): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new PolicyOptionError(path, `the key cannot be used: ${error.message}`, remedy);
  }
}

function checkFit(
  keys: readonly VerificationKey[],
  algorithms: readonly Algorithm[],
  path: Path,
): readonly VerificationKey[] {
  if (keys.some(({ key }) => algorithms.some((algorithm) => fitsAlgorithm(key, algorithm)))) return keys;
  throw new PolicyOptionError(path, `no key is one for ${algorithms.join(', ')}`, 'check `algorithms`');
}

/** Keys over the network are shared by all that use them, and outlive a reload: the issuer may be down then. */
function fetched(options: IssuerOptions, path: Path, times: Times, setup: Setup): Lease<KeySource> {
  const { issuer, jwks, allowHttp } = options;
  const keyTimes: KeyTimes = {
    maxAge: times.keyMaxAge,
    maxStale: times.keyMaxStale,
    cooldown: times.keyCooldown,
    timeout: times.fetchTimeout,
  };
  const mistake = urlMistake(jwks ?? issuer, allowHttp);
  if (mistake !== undefined) {
    throw new PolicyOptionError(
      [...path, jwks === undefined ? 'issuer' : 'jwks'],
      jwks === undefined
        ? `the keys of an issuer are found by its URL, and ${JSON.stringify(issuer)} ${mistake}`
        : `${plainName.test(jwks) ? JSON.stringify(jwks) : 'what stands here'} ${mistake}`,
      'write an https URL in `jwks`, or ${file:keys.json}, or `pem`',
    );
  }
  const key = JSON.stringify(['keys', jwks ?? '', jwks === undefined ? issuer : '', allowHttp, keyTimes]);
  return setup.share(key, (): KeySource => {
    const fetchJwks =
      jwks === undefined
        ? jwksOfIssuer(issuer, setup.fetch, { timeout: keyTimes.timeout, allowHttp })
        : jwksAt(jwks, setup.fetch, keyTimes.timeout);
    const source = new FetchedKeys(jwks ?? issuer, fetchJwks, keyTimes, setup);
    // So that they are there when the first request comes.
    void source.load();
    return source;
  });
}

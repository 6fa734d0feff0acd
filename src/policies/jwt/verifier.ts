import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { Consumer } from '../../core/exchange.ts';
import { checkClaims, consumerOf, type ClaimRules } from './claims.ts';
import { MAX_TOKEN_LENGTH, readToken, TokenError, type CompactToken } from './compact-token.ts';
import type { Issuer } from './issuer.ts';
import { candidates } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import { verifySignature } from './signature.ts';
import type { VerificationKey } from './verification-key.ts';

/** What became of a token. Why it was refused is for the log only. */
export type Verdict =
  | { readonly kind: 'verified'; readonly consumer: Consumer }
  | { readonly kind: 'refused'; readonly reason: string }
  /** There are no keys of its issuer, or it names one that may be there: in so many milliseconds that may be known. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfter: number };

/** When keys may be there that could not be fetched, in milliseconds. */
const RETRY_AFTER = 5000;

interface Remembered {
  readonly consumer: Consumer;
  readonly key: VerificationKey;
  readonly source: KeySource;
  /** Milliseconds since the epoch. */
  readonly ends: number;
}

/** Verifies tokens of several issuers, and remembers those that were good. */
export class Verifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #rules: ClaimRules;
  readonly #clock: Clock;
  /** By digest, so that a look into the memory of the process shows no token. */
  readonly #remembered: LRUCache<string, Remembered> | undefined;

  /** @param remember how many tokens at most; 0 for none. */
  constructor(issuers: ReadonlyMap<string, Issuer>, rules: ClaimRules, remember: number, clock: Clock) {
    this.#issuers = issuers;
    this.#rules = rules;
    this.#clock = clock;
    if (remember > 0) this.#remembered = new LRUCache({ max: remember });
  }

  /** Who is asking, if the very same token was found good before, still holds, and its key is still there. */
  recall(token: string): Consumer | undefined {
    if (this.#remembered === undefined || token.length > MAX_TOKEN_LENGTH) return undefined;
    const digest = digestOf(token);
    const found = this.#remembered.get(digest);
    // To ask for the keys is what lets them be fetched in time.
    if (found === undefined || found.source.current() === undefined) return undefined;
    if (found.key.live && this.#clock.now() < found.ends) return found.consumer;
    this.#remembered.delete(digest);
    return undefined;
  }

  /** Verifies a token; rejects only for a bug. */
  async verify(text: string): Promise<Verdict> {
    try {
      const token = readToken(text);
      const issuer = this.#issuerOf(token);
      const ends = checkClaims(token, issuer.audiences, this.#rules, this.#clock.now());
      const consumer = consumerOf(token.claims, this.#rules);
      const source = issuer.keys.value;
      const keys = source.current() ?? (await source.load());
      if (keys.length === 0)
        return { kind: 'unavailable', reason: `no keys of ${issuer.name}`, retryAfter: RETRY_AFTER };
      const found = await findKey(token, keys, source);
      if (found.kind === 'too soon')
        return {
          ...found,
          kind: 'unavailable',
          reason: 'its key is not known, and was looked for a moment ago',
        };
      const { key } = found;
      this.#remember(text, { consumer, key, source, ends });
      return { kind: 'verified', consumer };
    } catch (error) {
      if (error instanceof TokenError) return { kind: 'refused', reason: error.message };
      throw error;
    }
  }

  /** Fetches the keys that this token needs, however short ago that failed, so that an explanation is of now. */
  async loadKeys(text: string): Promise<void> {
    try {
      await this.#issuerOf(readToken(text)).keys.value.load();
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
    }
  }

  close(): void {
    for (const { keys } of this.#issuers.values()) keys.release();
    this.#remembered?.clear();
  }

  #issuerOf({ claims, alg }: CompactToken): Issuer {
    const { iss } = claims;
    const issuer = typeof iss === 'string' ? this.#issuers.get(iss) : undefined;
    if (issuer === undefined) throw new TokenError('iss is missing or another');
    // Before any key is looked at: what the token says of itself must not choose what it is checked with (RFC 8725 §3.1).
    if (!issuer.algorithms.has(alg)) throw new TokenError(`alg ${alg} is not allowed`);
    return issuer;
  }

  #remember(text: string, entry: Remembered): void {
    // Within the skew behind its end it is verified each time. Its key may have gone while it was verified.
    if (this.#clock.now() < entry.ends && entry.key.live) this.#remembered?.set(digestOf(text), entry);
  }
}

type FoundKey =
  | { readonly kind: 'found'; readonly key: VerificationKey }
  | { readonly kind: 'too soon'; readonly retryAfter: number };

async function findKey(
  { text, alg, kid }: CompactToken,
  keys: readonly VerificationKey[],
  source: KeySource,
): Promise<FoundKey> {
  const fitting = candidates(keys, alg, kid);
  const key = fitting.length === 0 ? undefined : await verifySignature(text, alg, fitting);
  if (key !== undefined) return { kind: 'found', key };
  // A token that names a known key is bad; one that names none may be meant for a new one.
  if (kid !== undefined && fitting.some((one) => one.kid === kid))
    throw new TokenError('the signature is wrong');
  const newAmong = (all: readonly VerificationKey[]): VerificationKey[] =>
    candidates(all, alg, kid).filter((one) => !fitting.includes(one));
  const look = await source.look((all) => newAmong(all).length > 0);
  if (look.kind === 'too soon') return look;
  const newKey = await verifySignature(text, alg, newAmong(look.keys));
  if (newKey !== undefined) return { kind: 'found', key: newKey };
  throw new TokenError(fitting.length > 0 ? 'the signature is wrong' : 'no key of that name and type');
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

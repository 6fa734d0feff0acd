import { createHmac, hash } from 'node:crypto';
import type { Consumer } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { Remembered } from '../../core/remembered.ts';
import type { Lease } from '../../core/shared.ts';
import { BcryptVerifier } from './bcrypt.ts';
import { decodeCredentials } from './credentials.ts';
import type { BasicAuthOptions, User } from './options.ts';
import { readPasswordDigest, type PasswordDigest } from './password-digest.ts';
import { matchesScrypt } from './scrypt.ts';
import { WorkQueue } from './work-queue.ts';

/** What became of credentials. */
export type Verdict =
  | { readonly kind: 'good'; readonly consumer: Consumer }
  | { readonly kind: 'bad' }
  /** There is no room for one more that has to be verified. */
  | { readonly kind: 'busy' };

interface KnownUser {
  readonly name: string;
  readonly digest: PasswordDigest;
  readonly consumer: Consumer;
}

/** Of four threads in Node's pool, which look up names and read files too, this many may be busy with passwords. */
const AT_ONCE = 2;
/** Passwords that wait for their turn. */
const MOST_WAITING = 32;

/** Milliseconds for which credentials are remembered: good ones, and bad ones that somebody sends again and again. */
const GOOD_FOR = 5 * 60_000;
const BAD_FOR = 10_000;
const MOST_BAD = 1000;

const bad: Verdict = { kind: 'bad' };
const busy: Verdict = { kind: 'busy' };

/** Verifies names and passwords, a few at a time, and remembers what it found. */
export class Verifier {
  readonly #users: readonly KnownUser[];
  readonly #byName: ReadonlyMap<string, KnownUser>;
  readonly #queue: Lease<WorkQueue>;
  readonly #bcrypt: Lease<BcryptVerifier>;
  /** By a digest with a key of this process, so that a look into its memory shows no password, and helps to guess none. */
  readonly #key: Uint8Array;
  readonly #good: Remembered<Verdict> | undefined;
  readonly #bad: Remembered<Verdict>;
  /** What is being verified: the same credentials are not verified twice at once. */
  readonly #underWay = new Map<string, Promise<Verdict>>();

  constructor({ users, remember }: BasicAuthOptions, { clock, random, share }: Setup) {
    this.#users = users.map(knownUser);
    this.#byName = new Map(this.#users.map((user) => [user.name, user]));
    this.#key = random.bytes(32);
    if (remember > 0) this.#good = new Remembered({ entries: remember }, clock);
    this.#bad = new Remembered({ entries: MOST_BAD }, clock);
    // All routes together, whoever their users are, take no more of the machine than this.
    this.#queue = share('queue', () => new WorkQueue(AT_ONCE, MOST_WAITING));
    this.#bcrypt = share('bcrypt', () => new BcryptVerifier());
  }

  /** What is remembered of the very same credentials, if anything is. @param encoded in base64, in its only spelling. */
  recall(encoded: string): Verdict | undefined {
    const key = this.#keyOf(encoded);
    return this.#good?.get(key) ?? this.#bad.get(key);
  }

  /**
   * Verifies credentials; rejects only for a bug.
   * @param onComputed called when a password is about to be compared with a digest.
   */
  verify(encoded: string, onComputed: () => void): Promise<Verdict> {
    const key = this.#keyOf(encoded);
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const verdict = this.#verify(encoded, key, onComputed).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, verdict);
    return verdict;
  }

  close(): void {
    this.#queue.release();
    this.#bcrypt.release();
    this.#good?.clear();
    this.#bad.clear();
  }

  async #verify(encoded: string, key: string, onComputed: () => void): Promise<Verdict> {
    const credentials = decodeCredentials(encoded);
    if (credentials === undefined) return bad;
    const { name, password } = credentials;
    const user = this.#byName.get(name);
    // Whoever does not exist costs the same as somebody who does, and always the same one.
    const compared = user ?? this.#standIn(name);
    const work = this.#queue.value.run(() => {
      onComputed();
      return this.#matches(password, compared.digest);
    });
    if (work === undefined) return busy;
    const matches = await work;
    const verdict: Verdict = matches && user !== undefined ? { kind: 'good', consumer: user.consumer } : bad;
    if (verdict.kind === 'good') this.#good?.set(key, verdict, GOOD_FOR);
    else this.#bad.set(key, verdict, BAD_FOR);
    return verdict;
  }

  #matches(password: string, digest: PasswordDigest): Promise<boolean> {
    return digest.kind === 'scrypt'
      ? matchesScrypt(password, digest)
      : this.#bcrypt.value.matches(password, digest.text);
  }

  #standIn(name: string): KnownUser {
    const number = createHmac('sha256', this.#key).update(name).digest().readUInt32LE();
    const user = this.#users[number % this.#users.length];
    if (user === undefined) throw new TypeError('there are no users');
    return user;
  }

  #keyOf(encoded: string): string {
    return createHmac('sha256', this.#key).update(encoded).digest('base64');
  }
}

/** One verifier for all routes with the same users, so that a password is remembered once; others have one of their own. */
export function leaseVerifier(written: BasicAuthOptions, setup: Setup): Lease<Verifier> {
  const { users, remember } = written;
  const digest = hash('sha256', JSON.stringify([users, remember]), 'base64');
  return setup.share(`verifier ${digest}`, () => new Verifier(written, setup));
}

function knownUser({ name, digest, groups, scopes }: User): KnownUser {
  const read = readPasswordDigest(digest);
  if ('found' in read) throw new TypeError('the digest has not been checked');
  const id = name.normalize('NFC');
  const consumer = Object.freeze({
    id,
    groups: Object.freeze([...groups]),
    scopes: Object.freeze([...scopes]),
  });
  return { name: id, digest: read, consumer };
}

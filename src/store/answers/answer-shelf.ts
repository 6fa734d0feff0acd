import { createHash } from 'node:crypto';
import type { StoredAnswer } from '../../core/answer-store.ts';
import { type RedisLink, type RedisReply, StoreError } from '../../core/redis.ts';
import { readAnswer, writeAnswer } from './answer-text.ts';
import { open, seal } from './envelope.ts';
import { variantName } from './kept-answer.ts';
import { LONGEST_KEPT } from './purge-rules.ts';
import { dropScript, putScript } from './purge-scripts.ts';

/** The most variants of an answer. */
const MOST_VARIANTS = 16;

/** The most octets under one key: they are fetched together, and nobody else's call to Redis may wait long for them. */
const MOST_UNDER_KEY = 1_048_576;

/** The largest value, in octets. Larger ones stay in the memory of this process. */
export const LARGEST_SHARED = 524_288;

/** For how long it is remembered that a key was dropped, in milliseconds: whoever takes longer with an answer may not keep it. */
const DROP_REMEMBERED = 600_000;

/** When all under a key was dropped. No variant has that name. */
const DROPPED = '!';

/** An answer as others have kept it, by the clock of this machine. */
export interface SharedAnswer {
  readonly answer: StoredAnswer;
  readonly until: number;
  /** When it was asked for, by the clock of Redis. */
  readonly sharedTime: number;
}

/** What was found under a key. */
export interface Found {
  readonly answers: readonly SharedAnswer[];
  /** How many could not be read, and were dropped. */
  readonly damaged: number;
}

/** Answers in Redis: under each key a hash of variants, that is gone when none of them is of use any more. */
export class AnswerShelf {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /**
   * @param ahead what the clock of Redis shows more than ours, in milliseconds.
   * @throws StoreError (as a rejection).
   */
  async get(key: string, ahead: number): Promise<Found> {
    const name = nameOf(key);
    const reply = await this.#link
      .command('HGETALL', name, [], { binary: true, readOnly: true })
      .catch((error: unknown) => {
        if (!(error instanceof StoreError) || !error.message.includes('WRONGTYPE')) throw error;
        return null;
      });
    if (!Array.isArray(reply)) {
      // Something else has our name.
      this.#forget('DEL', name, []);
      return { answers: [], damaged: 1 };
    }
    const answers: SharedAnswer[] = [];
    const damaged: Buffer[] = [];
    for (const [variant, value] of pairsOf(reply)) {
      if (variant.toString('latin1') === DROPPED) continue;
      const answer = readShared(key, variant.toString('latin1'), value, ahead);
      if (answer === undefined) damaged.push(variant);
      else answers.push(answer);
    }
    if (damaged.length > 0) this.#forget('HDEL', name, damaged);
    answers.sort((a, b) => b.sharedTime - a.sharedTime);
    return { answers, damaged: damaged.length };
  }

  /**
   * @param until milliseconds since the epoch, by the clock of this machine like all times in the answer.
   * @param now by the same clock.
   * @returns undefined when it is too large. Rejects with a StoreError.
   */
  put(key: string, answer: StoredAnswer, until: number, { ahead, now }: Times): Promise<unknown> | undefined {
    const { head, place } = answer;
    const requestTime = answer.requestTime + ahead;
    const last = Math.min(until, now + LONGEST_KEPT);
    const shifted = { head: { ...head, responseTime: head.responseTime + ahead }, place, requestTime };
    const value = seal(writeAnswer(key, shifted, last + ahead), answer.body);
    if (value.length > LARGEST_SHARED) return undefined;
    const rest = [requestTime, Math.ceil(last - now), MOST_VARIANTS, MOST_UNDER_KEY].map(String);
    return this.#link.script(putScript, [nameOf(key)], [variantDigest(head), value, ...rest]);
  }

  /** Drops all variants. @param margin milliseconds by which clocks may differ. Rejects with a StoreError. */
  drop(key: string, margin: number): Promise<unknown> {
    return this.#link.script(dropScript, [nameOf(key)], [String(margin), String(DROP_REMEMBERED)]);
  }

  #forget(command: 'DEL' | 'HDEL', name: string, args: readonly Buffer[]): void {
    // Whoever finds it next tries again.
    this.#link.command(command, name, args).catch(() => undefined);
  }
}

/** How late it is, in milliseconds. */
export interface Times {
  /** By the clock of this machine, since the epoch. */
  readonly now: number;
  /** What the clock of Redis shows more. */
  readonly ahead: number;
}

function readShared(key: string, variant: string, value: Buffer, ahead: number): SharedAnswer | undefined {
  const opened = open(value);
  const written = opened === undefined ? undefined : readAnswer(opened.text);
  if (opened === undefined || written === undefined) return undefined;
  const { head, place, requestTime, until } = written;
  if (written.key !== key || variantDigest(head) !== variant) return undefined;
  return {
    answer: {
      head: { ...head, responseTime: head.responseTime - ahead },
      place,
      requestTime: requestTime - ahead,
      body: opened.body,
    },
    until: until - ahead,
    sharedTime: requestTime,
  };
}

function nameOf(key: string): string {
  return `cache:${createHash('sha256').update(key).digest('base64url')}`;
}

function variantDigest(head: StoredAnswer['head']): string {
  return createHash('sha256').update(variantName(head)).digest('base64url').slice(0, 22);
}

function* pairsOf(reply: readonly RedisReply[]): Generator<readonly [Buffer, Buffer]> {
  for (let at = 0; at + 1 < reply.length; at += 2) {
    const [name, value] = [reply[at], reply[at + 1]];
    if (Buffer.isBuffer(name) && Buffer.isBuffer(value)) yield [name, value];
  }
}

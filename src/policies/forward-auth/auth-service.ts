import { createHmac } from 'node:crypto';
import { BoundedCalls } from '../../core/bounded-calls.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/message-of.ts';
import type { Setup } from '../../core/policy.ts';
import { RareLine } from '../../core/rare-line.ts';
import { Remembered } from '../../core/remembered.ts';
import type { Shareable } from '../../core/shared.ts';
import type { ForwardAuthOptions } from './options.ts';
import type { Question } from './question.ts';
import { readVerdict, unavailable, type Verdict } from './verdict.ts';

/** Milliseconds between two lines that say that the service gives no verdicts. */
const WARN_INTERVAL = 10_000;

/** The room for an answer that is remembered, in octets, on average. */
const ENTRY_SIZE = 4096;

/** The service that is asked: how many at a time, what it said a moment ago, and whether it says anything at all. */
export class AuthService implements Shareable {
  readonly #options: ForwardAuthOptions;
  readonly #setup: Setup;
  readonly #clock: Clock;
  readonly #calls: BoundedCalls<Verdict>;
  /** So that what is kept for memory says nothing about a password. */
  readonly #secret: Uint8Array;
  /** Both by digest. Refusals have room of their own: whoever tries credentials out must not push the good ones out. */
  readonly #passed: Remembered<Verdict> | undefined;
  readonly #refused: Remembered<Verdict> | undefined;
  readonly #by: ReadonlySet<string> | undefined;
  readonly #warning: RareLine;

  constructor(options: ForwardAuthOptions, setup: Setup) {
    this.#options = options;
    this.#setup = setup;
    this.#clock = setup.clock;
    this.#secret = setup.random.bytes(32);
    this.#calls = new BoundedCalls(options, setup.clock);
    this.#warning = new RareLine(WARN_INTERVAL, setup.clock);
    const { cache } = options;
    if (cache === undefined) return;
    const bounds = { entries: cache.maxEntries, octets: cache.maxEntries * ENTRY_SIZE, sizeOf };
    this.#passed = new Remembered(bounds, this.#clock);
    if (cache.refusedFor > 0) this.#refused = new Remembered(bounds, this.#clock);
    this.#by = cache.by && new Set(cache.by.map((name) => name.toLowerCase()));
  }

  /** What the service said to the same a moment ago. */
  recall(question: Question): Verdict | undefined {
    if (this.#passed === undefined) return undefined;
    const passed = this.#isPassKept(question) ? this.#passed.get(this.#passKey(question)) : undefined;
    if (passed !== undefined || this.#refused === undefined || !question.hasCredentials) return passed;
    return this.#refused.get(this.#digest(question.lines));
  }

  /** Asks it, once for all who ask the same with credentials. Never rejects. */
  async ask(question: Question): Promise<Verdict> {
    // Requests without credentials may come from different people at one address, and what they are told, such as a cookie
    // to sign in with, is for one of them.
    const key = question.hasCredentials ? this.#digest(question.lines) : undefined;
    try {
      return await this.#calls.ask(key, async (timeout) => {
        const verdict = await this.#fetch(question, timeout);
        this.#remember(question, verdict);
        return verdict;
      });
    } catch (error) {
      return this.#noAnswer(messageOf(error));
    }
  }

  /** Asks it whatever it said before, and remembers nothing. Never rejects. */
  async explain(question: Question): Promise<Verdict> {
    try {
      return await this.#fetch(question, this.#options.timeout);
    } catch (error) {
      return unavailable(messageOf(error));
    }
  }

  close(): void {
    this.#passed?.clear();
    this.#refused?.clear();
  }

  async #fetch({ lines }: Question, timeout: number): Promise<Verdict> {
    const { url, method, maxBody } = this.#options;
    const limits = { timeout, maxBytes: maxBody };
    const verdict = readVerdict(
      await this.#setup.fetch(url, { ...limits, method, headers: lines }),
      this.#options,
    );
    return verdict.kind === 'unavailable' ? this.#noAnswer(verdict.reason) : verdict;
  }

  #noAnswer(reason: string): Verdict {
    if (this.#warning.due() > 0) {
      const { host, pathname } = new URL(this.#options.url);
      this.#setup.logger.warn(
        { policy: 'forward-auth', service: host + pathname, reason },
        'the auth service gives no verdict; such requests are answered 503',
      );
    }
    return unavailable(reason);
  }

  #remember(question: Question, verdict: Verdict): void {
    const { cache } = this.#options;
    if (cache === undefined) return;
    if (verdict.kind === 'passes' && this.#isPassKept(question))
      this.#passed?.set(this.#passKey(question), verdict, cache.for);
    else if (verdict.kind === 'refused' && question.hasCredentials)
      this.#refused?.set(this.#digest(question.lines), verdict, cache.refusedFor);
  }

  /** Without credentials, only where everything else counts. */
  #isPassKept({ hasCredentials }: Question): boolean {
    return hasCredentials || this.#by === undefined;
  }

  #passKey({ lines }: Question): string {
    const by = this.#by;
    return this.#digest(by === undefined ? lines : lines.filter(([name]) => by.has(name.toLowerCase())));
  }

  #digest(lines: Question['lines']): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(lines)).digest('base64');
  }
}

/** What is kept of a verdict, in octets, roughly. */
function sizeOf(verdict: Verdict): number {
  if (verdict.kind === 'unavailable') return 1;
  const { headers, body } = verdict.kind === 'passes' ? { ...verdict, body: '' } : verdict.reply;
  return JSON.stringify([...(headers ?? [])]).length + (body?.length ?? 0) + 500;
}

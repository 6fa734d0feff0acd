import { type Clock, startTimer } from '../../core/clock.ts';
import {
  type RedisArgument,
  type RedisCallOptions,
  type RedisReply,
  type RedisScript,
  type RedisSubscriber,
  StoreError,
  type StoreErrorKind,
} from '../../core/redis.ts';
import type { ClosableLink } from '../../store/redis/redis-link.ts';
import type { Channels } from './channels.ts';
import type { RawReply } from './command.ts';
import type { Fault } from './fault.ts';

/** How a way to the double is made: as the settings of `redis:` say. */
export interface LinkOptions {
  /** `waygate:` when left out. */
  readonly keyPrefix?: string;
  /** Milliseconds that a call may take; 50 when left out. */
  readonly timeout?: number;
}

/** What a way leads to. */
export interface FakeServer {
  readonly clock: Clock;
  readonly channels: Channels;
  readonly fault: () => Fault | undefined;
  /** @throws what the server would answer. */
  command(name: string, args: readonly string[]): RawReply;
  /** @throws what the server would answer. */
  script(script: RedisScript, keys: readonly string[], args: readonly string[]): RawReply;
  published(channel: string): void;
}

/** A way to a Redis double. What is called is carried out at once and answered soon. */
export class FakeLink implements ClosableLink {
  readonly id: string;
  readonly #server: FakeServer;
  readonly #prefix: string;
  readonly #timeout: number;
  readonly #ends = new Set<() => void>();
  #closed = false;

  constructor({ keyPrefix = 'waygate:', timeout = 50 }: LinkOptions, server: FakeServer) {
    this.id = `double ${keyPrefix}`;
    this.#server = server;
    this.#prefix = keyPrefix;
    this.#timeout = timeout;
  }

  get available(): boolean {
    const fault = this.#server.fault();
    return !this.#closed && !(fault?.type === 'fails' && fault.kind === 'unavailable');
  }

  async command(
    name: string,
    key: string,
    args: readonly RedisArgument[] = [],
    { binary = false }: RedisCallOptions = {},
  ): Promise<RedisReply> {
    const octets = [this.#name(key), ...args.map(octetsOf)];
    return this.#call(binary, () => this.#server.command(name, octets));
  }

  async script(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly RedisArgument[] = [],
    { binary = false }: Pick<RedisCallOptions, 'binary'> = {},
  ): Promise<RedisReply> {
    const names = keys.map((key) => this.#name(key));
    return this.#call(binary, () => this.#server.script(script, names, args.map(octetsOf)));
  }

  async publish(channel: string, message: RedisArgument): Promise<void> {
    await this.#call(false, () => {
      this.#server.published(this.#name(channel));
      this.#server.channels.publish(this.#name(channel), Buffer.from(octetsOf(message), 'latin1'));
      return null;
    });
  }

  subscribe(channel: string, subscriber: RedisSubscriber): () => void {
    const end = this.#server.channels.add(this.#name(channel), {
      // Who is cut off hears nothing.
      message: (payload) => {
        if (this.available) subscriber.message(payload);
      },
      listening: () => {
        if (this.available) subscriber.listening?.();
      },
    });
    this.#ends.add(end);
    return () => {
      this.#ends.delete(end);
      end();
    };
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
  }

  #name(key: string): string {
    return octetsOf(this.#prefix + key);
  }

  async #call(binary: boolean, carryOut: () => RawReply): Promise<RedisReply> {
    if (this.#closed) throw failed('unavailable', 'the link has been closed');
    const fault = this.#server.fault();
    if (fault?.type === 'fails') throw failed(fault.kind, 'the test has said so');
    const reply = answered(carryOut);
    if (fault?.type === 'slow') await this.#wait(fault.milliseconds);
    else await soon();
    if (!reply.ok) throw failed('refused', reply.words);
    return decoded(reply.value, binary);
  }

  /** @throws StoreError when it takes too long. */
  async #wait(milliseconds: number): Promise<void> {
    const isLate = milliseconds > this.#timeout;
    await new Promise<void>((resolve) => {
      startTimer(this.#server.clock, Math.min(milliseconds, this.#timeout), resolve);
    });
    if (isLate) throw failed('timeout', `no answer within ${this.#timeout} ms`);
  }
}

type Outcome =
  { readonly ok: true; readonly value: RawReply } | { readonly ok: false; readonly words: string };

/** Whatever goes wrong is what the server answers: a script in Lua that fails is no different. */
function answered(carryOut: () => RawReply): Outcome {
  try {
    return { ok: true, value: carryOut() };
  } catch (error) {
    return { ok: false, words: error instanceof Error ? error.message : String(error) };
  }
}

function failed(kind: StoreErrorKind, words: string): StoreError {
  return new StoreError(kind, `the Redis double: ${words}`);
}

function soon(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Octets, a character each. */
function octetsOf(argument: RedisArgument): string {
  return (typeof argument === 'string' ? Buffer.from(argument) : argument).toString('latin1');
}

function decoded(reply: RawReply, binary: boolean): RedisReply {
  if (typeof reply === 'string') {
    const octets = Buffer.from(reply, 'latin1');
    return binary ? octets : octets.toString('utf8');
  }
  // Lua has no integers of its own: what a script returns is cut off behind the point.
  if (typeof reply === 'number') return Math.trunc(reply);
  return reply === null ? null : reply.map((each) => decoded(each, binary));
}

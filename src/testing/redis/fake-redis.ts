import type { RedisScript, StoreErrorKind } from '../../core/redis.ts';
import type { ClosableLink } from '../../store/redis/redis-link.ts';
import { FakeClock } from '../fake-clock.ts';
import { answerScripts } from './answer-scripts.ts';
import { Channels } from './channels.ts';
import { runCommand } from './commands.ts';
import type { RawReply } from './command.ts';
import { FakeLink, type LinkOptions } from './fake-link.ts';
import type { Fault } from './fault.ts';
import { Keyspace, RedisReplyError } from './keyspace.ts';
import { limitScripts } from './limit-scripts.ts';
import type { ScriptDouble, ScriptPair } from './script-double.ts';

/** How a Redis double is made. */
export interface FakeRedisOptions {
  /** Its time; one of its own when left out. Gateways that are given the double without a clock go by the same. */
  readonly clock?: FakeClock;
  /** Scripts beyond those of Waygate's own policies, each with what it does in TypeScript. */
  readonly scripts?: readonly ScriptPair[];
}

/** One call that came. */
export interface RedisCall {
  /** The name of the command; `script`, or `publish`. */
  readonly command: string;
  /** The name of the script, of `script`. */
  readonly script: string | undefined;
  /** With their prefix; the channel, of `publish`. */
  readonly keys: readonly string[];
}

/** A Redis in memory, for as many gateways as there are. */
export interface RedisDouble {
  readonly clock: FakeClock;
  /** What has come so far. */
  readonly calls: readonly RedisCall[];
  /** The keys that there are, with their prefix. */
  keys(): string[];
  /** Forgets all keys, as FLUSHALL. */
  flush(): void;
  /**
   * Carries out a command from outside, on whole keys.
   * @throws Error what the server would answer.
   */
  ask(command: string, ...args: readonly string[]): RawReply;
  /** Every call fails at once from now on, and nothing is carried out: `unavailable` when left out. */
  fail(kind?: Exclude<StoreErrorKind, 'timeout'>): void;
  /** Every call is carried out, but answered so many milliseconds later: too late, where that is more than its time-out. */
  slow(milliseconds: number): void;
  /** All is well again. */
  recover(): void;
  /** A way to it, as a gateway has one. */
  link(options?: LinkOptions): ClosableLink;
}

/** Makes a Redis in memory, for `createTestGateway` and for tests of policies. */
export function fakeRedis({ clock = new FakeClock(), scripts = [] }: FakeRedisOptions = {}): RedisDouble {
  return new Double(clock, new Map([...limitScripts, ...answerScripts, ...scripts]));
}

class Double implements RedisDouble {
  readonly clock: FakeClock;
  readonly calls: RedisCall[] = [];
  readonly #keyspace: Keyspace;
  readonly #scripts: ReadonlyMap<RedisScript, ScriptDouble>;
  readonly #channels = new Channels();
  #fault: Fault | undefined;

  constructor(clock: FakeClock, scripts: ReadonlyMap<RedisScript, ScriptDouble>) {
    this.clock = clock;
    this.#scripts = scripts;
    this.#keyspace = new Keyspace(clock);
  }

  keys(): string[] {
    return this.#keyspace.keys();
  }

  flush(): void {
    this.#keyspace.clear();
  }

  ask(command: string, ...args: readonly string[]): RawReply {
    return runCommand(this.#keyspace, command, args);
  }

  fail(kind: Exclude<StoreErrorKind, 'timeout'> = 'unavailable'): void {
    this.#fault = { type: 'fails', kind };
  }

  slow(milliseconds: number): void {
    this.#fault = { type: 'slow', milliseconds };
  }

  recover(): void {
    const wasGone = this.#fault?.type === 'fails' && this.#fault.kind === 'unavailable';
    this.#fault = undefined;
    if (wasGone) this.#channels.listening();
  }

  link(options: LinkOptions = {}): ClosableLink {
    return new FakeLink(options, {
      clock: this.clock,
      channels: this.#channels,
      fault: () => this.#fault,
      command: (name, args) => {
        this.calls.push({ command: name.toUpperCase(), script: undefined, keys: args.slice(0, 1) });
        return runCommand(this.#keyspace, name, args);
      },
      script: (script, keys, args) => {
        this.calls.push({ command: 'script', script: script.name, keys });
        return this.#run(script, keys, args);
      },
      published: (channel) => {
        this.calls.push({ command: 'publish', script: undefined, keys: [channel] });
      },
    });
  }

  #run(script: RedisScript, keys: readonly string[], args: readonly string[]): RawReply {
    const double = this.#scripts.get(script);
    if (double === undefined) {
      throw new RedisReplyError(
        `ERR the Redis double runs no Lua, and does not know the script ${JSON.stringify(script.name)}: say what it does in TypeScript, with fakeRedis({ scripts: [[theScript, (redis, keys, args) => …]] })`,
      );
    }
    const now = Math.floor(this.#keyspace.now);
    const call = (name: string, ...rest: readonly (string | number)[]): RawReply =>
      runCommand(this.#keyspace, name, rest.map(String));
    return double({ now, call }, keys, args);
  }
}

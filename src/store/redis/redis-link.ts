import {
  type RedisArgument,
  type RedisCallOptions,
  type RedisLink,
  type RedisReply,
  type RedisScript,
  type RedisSubscriber,
  StoreError,
} from '../../core/redis.ts';
import { openCluster } from './cluster.ts';
import type { Command, Connection, OpenConnection } from './connection.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { type Fault, lateness, unavailable } from './fault.ts';
import { Lifeline } from './lifeline.ts';
import type { LinkTools } from './link-tools.ts';
import { openMaster } from './sentinel.ts';
import { placeOf, type RedisSettings } from './settings.ts';
import { openSingle } from './single.ts';
import { Subscriptions } from './subscriptions.ts';

/** The most calls under way. At 50 ms each, that is 200,000 a second: more is a flood that nobody answers. */
const MOST_CALLS = 10_000;

const openers: Readonly<Record<RedisSettings['kind'], OpenConnection>> = {
  single: openSingle,
  sentinel: openMaster,
  cluster: openCluster,
};

/**
 * A link to Redis that begins to connect at once, in the background. The client library is loaded here and nowhere else.
 * @param open how a connection is made; as the settings say when left out.
 */
export function linkRedis(
  settings: RedisSettings,
  tools: LinkTools,
  open: OpenConnection = openers[settings.kind],
): ClosableLink {
  return new Link(settings, tools, open);
}

/** A link with its end. */
export interface ClosableLink extends RedisLink {
  /** Gives calls under way their time, then closes all connections. */
  close(): void;
}

type Send = (connection: Connection) => Promise<unknown>;

class Link implements ClosableLink {
  readonly id: string;
  readonly #settings: RedisSettings;
  readonly #tools: LinkTools;
  readonly #place: string;
  readonly #lifeline: Lifeline;
  readonly #deadlines: Deadlines;
  readonly #subscriptions: Subscriptions;
  /** What came before the first connection. */
  #waiting: { readonly call: Call; readonly send: Send }[] = [];
  /** What is said to all that are turned away for the same reason. */
  #turnedAway: { readonly fault: Fault; readonly error: StoreError } | undefined;

  constructor(settings: RedisSettings, tools: LinkTools, open: OpenConnection) {
    this.id = tools.random.uuid();
    this.#settings = settings;
    this.#tools = tools;
    this.#place = placeOf(settings);
    this.#deadlines = new Deadlines(tools.clock, settings.timeout);
    this.#subscriptions = new Subscriptions(settings, tools);
    this.#lifeline = new Lifeline(settings, open, tools, {
      onUp: (connection) => {
        for (const { call, send } of this.#takeWaiting()) this.#send(connection, call, send);
      },
      onDown: (fault) => {
        for (const { call } of this.#takeWaiting()) this.#reject(call, fault);
      },
    });
    this.#lifeline.start();
  }

  get available(): boolean {
    return this.#lifeline.connection !== undefined && this.#lifeline.refusal(false) === undefined;
  }

  command(
    name: string,
    key: string,
    args: readonly RedisArgument[] = [],
    { binary = false, readOnly = false }: RedisCallOptions = {},
  ): Promise<RedisReply> {
    const whole = this.#settings.keyPrefix + key;
    const command = { key: whole, readOnly, args: [name, whole, ...args], binary };
    return this.#call(readOnly, (connection) => connection.send(command));
  }

  script(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly RedisArgument[] = [],
    { binary = false }: Pick<RedisCallOptions, 'binary'> = {},
  ): Promise<RedisReply> {
    const { text, sha1, readOnly } = script;
    const names = keys.map((key) => this.#settings.keyPrefix + key);
    const rest = [String(names.length), ...names, ...args];
    const command = (first: readonly string[]): Command => ({
      ...{ key: names[0], readOnly, binary },
      args: [...first, ...rest],
    });
    return this.#call(readOnly, (connection) =>
      connection.send(command(['EVALSHA', sha1])).catch((error: unknown) => {
        // A server that was restarted or flushed has forgotten it. EVAL makes it known again.
        if (connection.isReply(error) && error.message.startsWith('NOSCRIPT'))
          return connection.send(command(['EVAL', text]));
        throw error;
      }),
    );
  }

  async publish(channel: string, message: RedisArgument): Promise<void> {
    const args = ['PUBLISH', this.#settings.keyPrefix + channel, message];
    // Replicas and full servers pass messages on as well.
    await this.#call(true, (connection) =>
      connection.send({ key: undefined, readOnly: false, args, binary: false }),
    );
  }

  subscribe(channel: string, subscriber: RedisSubscriber): () => void {
    return this.#subscriptions.add(this.#settings.keyPrefix + channel, subscriber);
  }

  close(): void {
    this.#subscriptions.close();
    this.#lifeline.close();
    const fault = unavailable('the link has been closed');
    for (const { call } of this.#takeWaiting()) this.#reject(call, fault);
  }

  #call(readOnly: boolean, send: Send): Promise<RedisReply> {
    const fault = this.#lifeline.refusal(readOnly);
    if (fault !== undefined) return Promise.reject(this.#turnAway(fault));
    if (this.#deadlines.size >= MOST_CALLS) return Promise.reject(this.#turnAway(flooded));
    return new Promise((resolve, reject) => {
      const call = new Call(this.#tools.clock.monotonic(), resolve, reject, () => {
        this.#expired(call);
      });
      this.#deadlines.add(call);
      const { connection } = this.#lifeline;
      if (connection === undefined) this.#waiting.push({ call, send });
      else this.#send(connection, call, send);
    });
  }

  #send(connection: Connection, call: Call, send: Send): void {
    call.connection = connection;
    send(connection).then(
      (reply) => {
        if (call.settled) return;
        if (isReply(reply)) {
          this.#tools.metrics.answered(this.#tools.clock.monotonic() - call.started);
          call.resolve(reply);
          this.#deadlines.trim();
        } else {
          this.#failed(connection, call, strange);
        }
      },
      (error: unknown) => {
        if (!call.settled) this.#failed(connection, call, this.#lifeline.faultOf(connection, error));
      },
    );
  }

  #failed(connection: Connection, call: Call, fault: Fault): void {
    this.#reject(call, fault);
    this.#lifeline.fail(connection, fault);
  }

  #expired(call: Call): void {
    const fault = lateness(this.#settings.timeout);
    this.#reject(call, fault);
    this.#lifeline.fail(call.connection, fault);
  }

  #reject(call: Call, fault: Fault): void {
    if (call.settled) return;
    this.#tools.metrics.failed(fault.kind);
    call.reject(this.#errorOf(fault));
    this.#deadlines.trim();
  }

  /** One error for all that meet the same closed door: there may be a hundred thousand a second. */
  #turnAway(fault: Fault): StoreError {
    this.#tools.metrics.failed('unavailable');
    if (this.#turnedAway?.fault !== fault)
      this.#turnedAway = { fault, error: this.#errorOf({ ...fault, kind: 'unavailable' }) };
    return this.#turnedAway.error;
  }

  #errorOf({ kind, words }: Fault): StoreError {
    return new StoreError(kind, `${this.#place}: ${words}`);
  }

  #takeWaiting(): readonly { readonly call: Call; readonly send: Send }[] {
    const waiting = this.#waiting.filter(({ call }) => !call.settled);
    this.#waiting = [];
    return waiting;
  }
}

const flooded = unavailable(`${MOST_CALLS} calls are under way`);
const strange: Fault = {
  kind: 'protocol',
  code: '',
  reach: 'all',
  words: 'what it sends is not the protocol of Redis',
};

/** A call under way. */
class Call implements Timed {
  readonly started: number;
  connection: Connection | undefined;
  deadline = 0;
  settled = false;
  readonly expire: () => void;
  readonly #resolve: (reply: RedisReply) => void;
  readonly #reject: (error: StoreError) => void;

  constructor(
    started: number,
    resolve: (reply: RedisReply) => void,
    reject: (error: StoreError) => void,
    expire: () => void,
  ) {
    this.started = started;
    this.expire = expire;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(reply: RedisReply): void {
    this.settled = true;
    this.#resolve(reply);
  }

  reject(error: StoreError): void {
    this.settled = true;
    this.#reject(error);
  }
}

function isReply(value: unknown): value is RedisReply {
  if (typeof value === 'string' || typeof value === 'number' || value === null || Buffer.isBuffer(value))
    return true;
  return Array.isArray(value) && value.every(isReply);
}

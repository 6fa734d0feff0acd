import type { RedisSubscriber } from '../../core/redis.ts';
import { type Listening, openListening } from './listening.ts';
import { attemptPause, type LinkTools } from './link-tools.ts';
import type { RedisSettings } from './settings.ts';
import { within } from './within.ts';

/** How often a connection is asked whether it is still there, in milliseconds: nothing else is sent on it. */
const PING_INTERVAL = 5000;

/**
 * Who listens to what. There is a connection of its own for messages, from the first listener on until the last one is gone; one
 * that breaks or falls silent is replaced.
 */
export class Subscriptions {
  readonly #settings: RedisSettings;
  readonly #tools: LinkTools;
  readonly #channels = new Map<string, Set<RedisSubscriber>>();
  #listening: Listening | undefined;
  #attempt: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: RedisSettings, tools: LinkTools) {
    this.#settings = settings;
    this.#tools = tools;
  }

  /** @param channel with prefix. @returns what ends it. */
  add(channel: string, subscriber: RedisSubscriber): () => void {
    // One object may listen twice.
    const entry: RedisSubscriber = {
      message: (payload) => {
        subscriber.message(payload);
      },
      listening: () => subscriber.listening?.(),
    };
    const known = this.#channels.get(channel);
    if (known === undefined) this.#channels.set(channel, new Set([entry]));
    else known.add(entry);
    const listening = this.#listening;
    if (listening === undefined) this.#wake();
    else if (known === undefined) void this.#listen(listening, channel);
    else entry.listening?.();
    return () => {
      this.#remove(channel, entry);
    };
  }

  /** Ends all of them. */
  close(): void {
    this.#closed = true;
    this.#channels.clear();
    this.#rest();
  }

  #remove(channel: string, entry: RedisSubscriber): void {
    const entries = this.#channels.get(channel);
    if (entries?.delete(entry) !== true || entries.size > 0) return;
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#rest();
    else this.#listening?.mute(channel).catch(() => undefined);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#listening?.destroy();
    this.#listening = undefined;
  }

  #wake(): void {
    if (this.#closed || this.#attempt !== undefined || this.#channels.size === 0) return;
    clearTimeout(this.#timer);
    const attempt = new AbortController();
    this.#attempt = attempt;
    void this.#open(attempt);
  }

  async #open(attempt: AbortController): Promise<void> {
    const { connectTimeout } = this.#settings;
    const opening = openListening(this.#settings, {
      onMessage: (channel, payload) => {
        this.#tell(channel, (entry) => {
          entry.message(payload);
        });
      },
      onLost: () => {
        if (this.#attempt === attempt) this.#lost();
      },
      abandoned: attempt.signal,
    });
    try {
      const listening = await within(opening, connectTimeout, () => new Error('no connection in time'));
      if (attempt.signal.aborted) {
        listening.destroy();
        return;
      }
      this.#listening = listening;
      await Promise.all([...this.#channels.keys()].map((channel) => this.#listen(listening, channel)));
      this.#watch(listening);
    } catch {
      // The link itself says in the log that there is no connection, or will as soon as it is used.
      opening.then(
        (late) => {
          late.destroy();
        },
        () => undefined,
      );
      if (this.#attempt === attempt) this.#lost();
    }
  }

  async #listen(listening: Listening, channel: string): Promise<void> {
    try {
      await within(listening.listen(channel), this.#settings.connectTimeout, () => new Error('no answer'));
    } catch {
      if (this.#listening === listening) this.#lost();
      return;
    }
    if (this.#listening === listening) this.#tell(channel, (entry) => entry.listening?.());
  }

  #watch(listening: Listening): void {
    if (this.#listening !== listening) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      within(listening.ping(), this.#settings.connectTimeout, () => new Error('no answer')).then(
        () => {
          this.#watch(listening);
        },
        () => {
          if (this.#listening === listening) this.#lost();
        },
      );
    }, PING_INTERVAL);
  }

  #lost(): void {
    this.#rest();
    if (this.#closed || this.#channels.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#wake();
    }, attemptPause(this.#tools.random));
  }

  #tell(channel: string, say: (entry: RedisSubscriber) => void): void {
    for (const entry of this.#channels.get(channel) ?? []) {
      try {
        say(entry);
      } catch (error) {
        this.#tools.logger.error({ err: error, channel }, 'whoever listens to a channel of Redis failed');
      }
    }
  }
}

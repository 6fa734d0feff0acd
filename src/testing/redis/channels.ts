import type { RedisSubscriber } from '../../core/redis.ts';

interface Subscription {
  readonly channel: string;
  readonly subscriber: RedisSubscriber;
}

/** Who listens to which channel. Messages arrive soon, in order. */
export class Channels {
  readonly #subscriptions = new Set<Subscription>();

  /** @returns what ends it. */
  add(channel: string, subscriber: RedisSubscriber): () => void {
    const subscription = { channel, subscriber };
    this.#subscriptions.add(subscription);
    setImmediate(() => {
      if (this.#subscriptions.has(subscription)) subscriber.listening?.();
    });
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  publish(channel: string, message: Buffer): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.channel !== channel) continue;
      setImmediate(() => {
        if (this.#subscriptions.has(subscription)) subscription.subscriber.message(Buffer.from(message));
      });
    }
  }

  /** All begin to listen again: what was sent meanwhile was missed. */
  listening(): void {
    for (const { subscriber } of this.#subscriptions) setImmediate(() => subscriber.listening?.());
  }
}

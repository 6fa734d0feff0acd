import { systemClock } from '../../src/core/clock.ts';
import type { Logger } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type RedisReply, StoreError, type StoreErrorKind } from '../../src/core/redis.ts';
import { type ClosableLink, linkRedis } from '../../src/store/redis/redis-link.ts';
import type { RedisSettings } from '../../src/store/redis/settings.ts';
import { eventually } from './eventually.ts';
import { type Ending, onFinish } from './finish.ts';

/** A link, and what it has said and counted. */
export interface LinkScene {
  readonly link: ClosableLink;
  /** The messages of the log, each with its level. */
  readonly log: readonly string[];
  readonly counts: { ups: number; openings: number; answered: number };
  readonly failures: ReadonlyMap<StoreErrorKind, number>;
  /** Waits until the link sends. */
  readonly up: () => Promise<void>;
}

/** The settings of a link to a server on this machine, as a configuration without further keys makes them. */
export function settingsFor(port: number, more: Partial<RedisSettings> = {}): RedisSettings {
  return {
    kind: 'single',
    nodes: [{ host: '127.0.0.1', port }],
    sentinel: undefined,
    username: undefined,
    password: undefined,
    tls: undefined,
    database: 0,
    keyPrefix: 'waygate:',
    timeout: 50,
    connectTimeout: 1000,
    ...more,
  };
}

/** Opens a link that ends with the test. */
export function openLink(t: Ending, settings: RedisSettings): LinkScene {
  const log: string[] = [];
  const counts = { ups: 0, openings: 0, answered: 0 };
  const failures = new Map<StoreErrorKind, number>();
  const say =
    (level: string): Logger['info'] =>
    (_fields, message) =>
      void log.push(`${level} ${message}`);
  const link = linkRedis(settings, {
    clock: systemClock,
    random: systemRandom,
    logger: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    metrics: {
      up: (isUp) => void (counts.ups += isUp ? 1 : -1),
      opened: () => void counts.openings++,
      failed: (kind) => void failures.set(kind, (failures.get(kind) ?? 0) + 1),
      answered: () => void counts.answered++,
    },
  });
  onFinish(t, 'gateways', () => {
    link.close();
  });
  const up = (): Promise<void> =>
    eventually(
      () => link.available,
      () => `the link is up: ${log.join('\n')}`,
    );
  return { link, log, counts, failures, up };
}

/** What a call comes to: its reply, or the kind of its error. */
export async function outcome(call: Promise<RedisReply | void>): Promise<RedisReply | void> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return `error:${error.kind}`;
  }
}

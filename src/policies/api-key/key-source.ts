import { hash } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { PolicyOptionError, type Setup } from '../../core/policy.ts';
import type { Shareable } from '../../core/shared.ts';
import { keyTableOf } from './build-table.ts';
import type { ConsumerEntry } from './consumer-options.ts';
import type { FoundKey } from './found-key.ts';
import { openKeyFile } from './key-file.ts';
import { type KeyTable, NO_KEY } from './key-table.ts';
import { type Memory, StoredKeys } from './stored-keys.ts';

/** Where keys are looked up. */
export interface KeySource {
  /** @param digest as `digestOf` has it. */
  look(digest: string): FoundKey | Promise<FoundKey>;
  /** Says that it is not needed any more. */
  release(): void;
}

/** Where the options say that keys are. */
export interface KeyPlace {
  readonly consumers: readonly ConsumerEntry[];
  readonly file: string | undefined;
  readonly redis: (Memory & { readonly prefix?: string | undefined }) | undefined;
}

/** A table that is looked up in; that of a file changes. */
interface Table extends Shareable {
  readonly table: KeyTable;
}

/**
 * The keys, which instances on several routes share, and those of a file or of Redis also over reloads.
 * @throws PolicyOptionError when the options name no place, or more than one.
 */
export function openKeySource(place: KeyPlace, setup: Setup): KeySource {
  const { consumers, file, redis } = checkPlace(place);
  const { clock, logger, share } = setup;
  if (redis !== undefined) return storedSource(redis, setup);
  const lease =
    file === undefined
      ? share(`consumers ${hash('sha256', JSON.stringify(consumers))}`, (): Table => ({
          table: keyTableOf(consumers),
        }))
      : share(`file ${file}`, (): Table => openKeyFile(file, logger));
  const keys = lease.value;
  return {
    look(digest) {
      // One table for the whole look-up: the file may be read again at any time.
      const { table } = keys;
      const entry = table.find(digest);
      if (entry === NO_KEY) return undefined;
      return { consumer: table.consumerOf(entry), expired: table.hasExpired(entry, clock.now()) };
    },
    release: () => {
      lease.release();
    },
  };
}

function storedSource(
  place: NonNullable<KeyPlace['redis']>,
  { redis, share, clock, logger }: Setup,
): KeySource {
  if (redis === undefined) {
    throw new PolicyOptionError(
      ['redis'],
      'the configuration does not say where Redis is',
      'write redis: redis://localhost:6379 beside routes',
    );
  }
  const { prefix = '', ...memory } = place;
  const lease = share(
    `redis ${redis.id} ${JSON.stringify(place)}`,
    () => new StoredKeys(redis, prefix, memory, { clock, logger }),
  );
  return {
    look: (digest) => lease.value.look(digest),
    release: () => {
      lease.release();
    },
  };
}

function checkPlace(place: KeyPlace): KeyPlace {
  const { consumers, file, redis } = place;
  if (file === undefined && redis === undefined && consumers.length === 0) {
    throw new PolicyOptionError(
      [],
      'api-key refuses everybody',
      'list who has keys under `consumers` or in a `file`, or keep them in `redis`; `waygate key create NAME` makes a key',
    );
  }
  if (redis !== undefined && (file !== undefined || consumers.length > 0)) {
    throw new PolicyOptionError(
      ['redis'],
      'there are keys in two places',
      'keep one of `consumers`, `file` and `redis`; a second api-key inside any-of may have the other',
    );
  }
  if (file !== undefined && consumers.length > 0) {
    throw new PolicyOptionError(
      ['file'],
      'there are consumers in two places',
      'keep either `consumers` or `file`',
    );
  }
  if (file !== undefined && !isAbsolute(file)) {
    throw new PolicyOptionError(
      ['file'],
      `${JSON.stringify(file)} depends on where the gateway is started`,
      `write the whole path, such as ${resolve(file)}`,
    );
  }
  return place;
}

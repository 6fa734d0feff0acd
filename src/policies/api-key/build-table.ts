import type { Consumer } from '../../core/exchange.ts';
import type { ConsumerEntry } from './consumer-options.ts';
import { readDigest } from './digest.ts';
import { KeyTable } from './key-table.ts';

/** The table of the keys of consumers that have been checked. A key expires with its consumer at the latest. */
export function keyTableOf(consumers: readonly ConsumerEntry[]): KeyTable {
  const table = new KeyTable(consumers.reduce((sum, { keys }) => sum + keys.length, 0));
  for (const { name, groups, expires, keys } of consumers) {
    const owner = table.addConsumer(consumerOf(name, groups));
    for (const key of keys) {
      const { digest, expires: own } = typeof key === 'string' ? { digest: key, expires: undefined } : key;
      const octets = readDigest(digest);
      if (octets !== undefined) table.add(octets, owner, earlier(own, expires));
    }
  }
  return table;
}

/** What policies and services are told. Frozen: every exchange of the consumer is given the same object. */
function consumerOf(id: string, groups: readonly string[]): Consumer {
  return Object.freeze({ id, groups: Object.freeze([...groups]) });
}

/** The first of two instants in seconds since the epoch; 0 when there is none. */
export function earlier(one: number | undefined, other: number | undefined): number {
  if (one === undefined || other === undefined) return one ?? other ?? 0;
  return Math.min(one, other);
}

import { z } from 'zod';
import type { Consumer } from '../../core/exchange.ts';
import { splitRemedy } from '../../core/remedy.ts';
import { consumerText, expiry, keyLabel } from './consumer-options.ts';

/** A key as it is kept in Redis: whose it is, as JSON under the key's digest. */
const storedKey = z.strictObject({
  name: consumerText(),
  groups: z.array(consumerText()).max(100).default([]),
  expires: expiry().optional(),
  label: keyLabel().optional(),
});

/** What was read. */
export interface StoredKey {
  readonly consumer: Consumer;
  /** Seconds since the epoch, from which on it is refused; 0 for never. */
  readonly expiresAt: number;
}

/** What Redis has under a digest, or what is wrong with it. */
export function readStoredKey(reply: unknown): StoredKey | { readonly mistake: string } {
  if (typeof reply !== 'string') return { mistake: 'its entry is no text' };
  let value: unknown;
  try {
    value = JSON.parse(reply);
  } catch {
    return { mistake: 'its entry is no JSON' };
  }
  const { data, error } = storedKey.safeParse(value);
  if (data === undefined) {
    const issue = error.issues[0];
    const place = issue === undefined || issue.path.length === 0 ? 'its entry' : `"${issue.path.join('.')}"`;
    return { mistake: `${place}: ${splitRemedy(issue?.message ?? '').found}` };
  }
  const consumer = Object.freeze({ id: data.name, groups: Object.freeze([...data.groups]) });
  return { consumer, expiresAt: data.expires ?? 0 };
}

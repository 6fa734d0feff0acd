import type { Purge } from '../../core/answer-store.ts';

/** What gateways tell each other: what was purged, or that all under a key was dropped. */
export interface PurgeMessage {
  /** Told apart by it from all others. Begins with whoever says it. */
  readonly id: string;
  readonly what: Purge | { readonly kind: 'key'; readonly key: string };
}

/** A message as text. */
export function writePurge(message: PurgeMessage): string {
  return JSON.stringify(message);
}

/** Reads what another gateway says. @returns undefined when it is nothing that this one understands. */
export function readPurge(text: string): PurgeMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    const id = member(message, 'id');
    const what = readWhat(member(message, 'what'));
    return typeof id === 'string' && what !== undefined ? { id, what } : undefined;
  } catch {
    return undefined;
  }
}

function readWhat(value: unknown): PurgeMessage['what'] | undefined {
  const text = (name: string): string | undefined => {
    const found = member(value, name);
    return typeof found === 'string' ? found : undefined;
  };
  const [kind, route, path, tag, key] = ['kind', 'route', 'path', 'tag', 'key'].map(text);
  if (kind === 'all') return { kind };
  if (kind === 'route' && route !== undefined) return { kind, route };
  if (kind === 'tag' && tag !== undefined) return { kind, tag };
  if (kind === 'key' && key !== undefined) return { kind, key };
  if ((kind === 'url' || kind === 'prefix') && path !== undefined) return { kind, path, host: text('host') };
  return undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

import { hash } from 'node:crypto';
import { claimAt } from './consumer-text.ts';
import type { Exchange } from './exchange.ts';
import { fieldName } from './option-schemas.ts';
import { PolicyOptionError, type Setup } from './policy.ts';
import { ipNetworkOf } from '../http/ip.ts';

/** Bits of an IPv6 address that one subscriber has at least (RFC 6177). */
const V6_PREFIX = 64;

/** What requests are told apart by. */
export interface RequestKey {
  /** As it is written. */
  readonly by: string;
  /** The key of a request; undefined when it lacks what the key is made of. */
  readonly read: (exchange: Exchange) => string | undefined;
  /** The parts of a request's key for people, as far as they may be shown; what it lacks is said too. */
  readonly describe: (exchange: Exchange) => string;
}

interface Part {
  readonly by: string;
  /** '' where the request has none. */
  readonly read: (exchange: Exchange) => string;
  /** It may be a secret, or about a person: shown as a digest. */
  readonly hidden: boolean;
}

/** By the address: IPv4 by itself, IPv6 by its network of 64 bits, IPv4 in IPv6 as IPv4. */
export const addressKey: RequestKey = combined([partOf('ip')]);

/**
 * What `by` says, compiled.
 * @throws PolicyOptionError when a header or parameter of that name cannot be.
 */
export function compileKey(
  by: string | readonly string[],
  { paramNames }: Pick<Setup, 'paramNames'>,
): RequestKey {
  const list = typeof by === 'string' ? [by] : by;
  for (const [index, each] of list.entries()) {
    const path = typeof by === 'string' ? ['by'] : ['by', index];
    const [kind, name = ''] = halves(each);
    if (list.indexOf(each) !== index)
      throw new PolicyOptionError(path, `"${each}" stands here twice`, 'leave one of them out');
    if (kind === 'header' && !fieldName().safeParse(name).success)
      throw new PolicyOptionError(
        path,
        `"${name}" is not a header name`,
        'write letters, digits and hyphens',
      );
    if (kind === 'param' && !paramNames.includes(name)) {
      const captured = paramNames.length === 0 ? 'none' : paramNames.join(', ');
      const found = `the path of the route captures no parameter "${name}"`;
      throw new PolicyOptionError(path, found, `name one that it captures (${captured}), or change the path`);
    }
  }
  return combined(list.map(partOf));
}

function combined(parts: readonly Part[]): RequestKey {
  const by = parts.map((part) => part.by).join(' and ');
  const describe = (exchange: Exchange): string => parts.map((part) => shown(part, exchange)).join(', ');
  const [only] = parts;
  if (only !== undefined && parts.length === 1)
    return { by, describe, read: (exchange) => only.read(exchange) || undefined };
  return {
    by,
    describe,
    read(exchange) {
      let key = '';
      for (const part of parts) {
        const value = part.read(exchange);
        if (value === '') return undefined;
        // With its length, so that no two lists of values make the same text.
        key += `${value.length}:${value}`;
      }
      return key;
    },
  };
}

function partOf(by: string): Part {
  const [kind, name = ''] = halves(by);
  switch (kind) {
    case 'consumer':
      return { by, hidden: false, read: (exchange) => exchange.consumer?.id ?? '' };
    case 'route':
      // The requests that no route takes have one bucket as well.
      return { by, hidden: false, read: (exchange) => exchange.routeName || '(none)' };
    case 'header': {
      const lowerName = name.toLowerCase();
      return { by, hidden: true, read: ({ request }) => headerText(request.headers.getAll(lowerName)) };
    }
    case 'claim':
      return { by, hidden: true, read: (exchange) => claimText(claimAt(exchange.consumer?.claims, name)) };
    case 'param':
      return { by, hidden: false, read: (exchange) => exchange.params[name] ?? '' };
    default:
      return { by, hidden: false, read: (exchange) => ipNetworkOf(exchange.client.ip, V6_PREFIX) };
  }
}

function headerText(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : values.join(', ');
}

/** Lists and objects are nothing that tells one who asks from another. */
function claimText(claim: unknown): string {
  if (typeof claim === 'string') return claim;
  return typeof claim === 'number' || typeof claim === 'boolean' ? String(claim) : '';
}

function shown({ by, read, hidden }: Part, exchange: Exchange): string {
  const value = read(exchange);
  if (value === '') return `no ${by}`;
  return hidden ? `${by} with the SHA-256 ${hash('sha256', value).slice(0, 12)}…` : `${by} ${value}`;
}

function halves(by: string): [kind: string, name?: string] {
  const colon = by.indexOf(':');
  return colon === -1 ? [by] : [by.slice(0, colon), by.slice(colon + 1)];
}

import type { Exchange } from '../../core/exchange.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { Part } from './parts.ts';

/**
 * Takes the credentials out that only the other policies could have verified. Two of them may read the same place, such as
 * `Authorization: Bearer`: what the one that let the request pass has left there is its own, and stays.
 */
export function discardOthers(passed: Part, parts: readonly Part[], exchange: Exchange): void {
  const { request } = exchange;
  const { headers } = request;
  const before = headers.copy();
  const { query } = request;
  for (const part of parts) if (part !== passed) part.instance.discardCredentials?.(exchange);
  if (headers.isAs(before)) return;
  const after = headers.copy();
  const queryAfter = request.query;
  // What it would take out itself is what it has verified.
  headers.restore(before);
  request.query = query;
  passed.instance.discardCredentials?.(exchange);
  const own = [...before].filter(([name]) => differ(name, before, headers) && differ(name, before, after));
  headers.restore(after);
  request.query = queryAfter;
  for (const [name] of own) headers.delete(name.toLowerCase());
  for (const [name, value] of own) headers.append(name, value);
}

function differ(name: string, one: HeaderList, other: HeaderList): boolean {
  const key = name.toLowerCase();
  const [values, others] = [one.getAll(key), other.getAll(key)];
  return values.length !== others.length || values.some((value, i) => value !== others[i]);
}

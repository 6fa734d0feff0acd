import type { FunctionPlaces } from './places.ts';
import type { Described } from './recording.ts';

/** How deep and how much of an options object is told; what is beyond cannot become configuration anyhow. */
const maxDepth = 6;
const maxEntries = 1000;
const maxTextLength = 10_000;

/** Describes a value of the program. Runs getters, as the package would; one that throws is told as such. */
export function describeValue(value: unknown, places: FunctionPlaces, depth = 0): Described {
  switch (typeof value) {
    case 'string':
      return value.length > maxTextLength ? other(`a text of ${value.length} characters`) : plain(value);
    case 'number':
      return Number.isFinite(value) ? plain(value) : other(String(value));
    case 'boolean':
      return plain(value);
    case 'undefined':
      return plain(null);
    case 'function': {
      const place = places.of(value as (...args: never[]) => unknown);
      return { type: 'function', name: value.name, ...(place !== undefined && { place }) };
    }
    case 'object':
      return value === null ? plain(null) : describeObject(value, places, depth);
    default:
      return other(typeof value);
  }
}

function describeObject(value: object, places: FunctionPlaces, depth: number): Described {
  if (value instanceof RegExp) return { type: 'regexp', source: value.source, flags: value.flags };
  if (value instanceof URL) return { type: 'url', href: value.href };
  if (depth >= maxDepth) return other('something nested too deep');
  if (Array.isArray(value)) {
    const items = value.slice(0, maxEntries).map((item: unknown) => describeValue(item, places, depth + 1));
    return value.length > maxEntries ? other(`a list of ${value.length}`) : { type: 'list', items };
  }
  if (Buffer.isBuffer(value)) return other('octets');
  const entries = entriesOf(value).map(([key, inner]): [string, Described] => [
    key,
    describeValue(inner, places, depth + 1),
  ]);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || prototype === Object.prototype;
  return isPlain ? { type: 'map', entries } : { type: 'other', what: className(value), entries };
}

function entriesOf(value: object): [string, unknown][] {
  return Object.keys(value)
    .slice(0, maxEntries)
    .map((key) => {
      try {
        return [key, Reflect.get(value, key)];
      } catch {
        return [key, unreadable];
      }
    });
}

/** Stands for a property whose getter throws. */
const unreadable = Symbol('unreadable');

function className(value: object): string {
  const maker: unknown = Reflect.get(value, 'constructor');
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'object';
}

function plain(value: string | number | boolean | null): Described {
  return { type: 'plain', value };
}

function other(what: string): Described {
  return { type: 'other', what, entries: [] };
}

import { masked } from './mask-query.ts';
import { isSecretName } from './secret-names.ts';

/** Deeper than any configuration of ours; what lies below is left out rather than followed for ever. */
const deepest = 32;

/** `scheme://user:password@host` in any text. All of these take time in proportion to the text, whatever it is. */
const userInfo = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"']*@/gi;
const bearer = /\b(bearer|basic)\s+[\w.~+/=-]{4,}/gi;
const jwt = /(?<![\w-])eyJ[\w-]{4,}\.[\w.-]+/g;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** Text with what looks like a secret masked: credentials in URLs and authorization values, tokens, private keys. */
export function maskText(text: string): string {
  return text
    .replace(privateKey, masked)
    .replace(userInfo, `$1${masked}@`)
    .replace(bearer, `$1 ${masked}`)
    .replace(jwt, masked);
}

/**
 * A copy as plain data with secrets masked: whatever stands under a key whose name promises one, and what looks like
 * one anywhere. Errors keep type, message, code, stack and cause. Objects that say themselves how they become JSON
 * (`toJSON`) are asked. What contains itself is cut short.
 */
export function maskSecrets(value: unknown): unknown {
  return mask(value, false, []);
}

/** @param whole whether all text and numbers below are secret. @param above the objects that contain this one. */
function mask(value: unknown, whole: boolean, above: readonly object[]): unknown {
  if (typeof value === 'string') return whole ? masked : maskText(value);
  if (typeof value === 'number') return whole ? masked : value;
  if (typeof value === 'bigint') return whole ? masked : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (above.length >= deepest || above.includes(value)) return '…';
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((item) => mask(item, whole, inside));
  if (value instanceof Map) return mask(Object.fromEntries(value), whole, inside);
  if (value instanceof Set) return mask([...value], whole, inside);
  if (value instanceof Uint8Array) return `${value.length} octets`;
  if (value instanceof RegExp) return mask(String(value), whole, inside);
  if (value instanceof Error) return mask(errorAsData(value), whole, inside);
  if (saysItself(value)) return mask(value.toJSON(), whole, inside);
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: mask(member, whole || isSecretName(name), inside),
      enumerable: true,
    });
  }
  return copy;
}

/** Dates, URLs and whatever else knows how it becomes JSON. */
function saysItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function errorAsData(error: Error): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  const { errors } = error as Partial<AggregateError>;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(errors === undefined ? {} : { errors }),
  };
}

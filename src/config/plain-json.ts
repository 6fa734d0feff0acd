import { forbiddenKeys, maxItems } from './yaml-values.ts';

/** How deeply what is read here may be nested, and how long a key may be: more than any configuration needs. */
const maxDepth = 32;
const maxKeyLength = 1000;

/**
 * The value of a JSON text in which there is nothing to find fault with; undefined for every other. An object, and what
 * `readYaml` makes of the same text, only much sooner: by far most files that are read have no mistakes.
 */
export function readPlainJson(text: string): object | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // Of a key that stands twice, `JSON.parse` keeps the last without a word.
  const keys = countKeys(value, 0);
  return typeof value === 'object' && value !== null && keys === keysWritten(text) ? value : undefined;
}

/** How many keys there are at all levels; NaN when there is something that is refused. */
function countKeys(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth >= maxDepth) return NaN;
  let count = 0;
  if (Array.isArray(value)) {
    if (value.length > maxItems) return NaN;
    for (const item of value) count += countKeys(item, depth + 1);
    return count;
  }
  const entries = Object.entries(value);
  if (entries.length > maxItems) return NaN;
  for (const [key, member] of entries) {
    if (forbiddenKeys.has(key) || key.length > maxKeyLength) return NaN;
    count += 1 + countKeys(member, depth + 1);
  }
  return count;
}

/** How many texts with a colon behind them a JSON text has. */
function keysWritten(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start !== -1;) {
    let end = text.indexOf('"', start + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    colon.lastIndex = end + 1;
    if (colon.test(text)) count++;
    start = text.indexOf('"', end + 1);
  }
  return count;
}

const colon = /[ \t\r\n]*:/y;

/** Whether an odd number of backslashes stands in front. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === 0x5c) first--;
  return (at - first) % 2 === 1;
}

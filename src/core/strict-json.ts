/** Deeper than any token of this world. */
const MAX_DEPTH = 32;

/** An object in which no name stands twice, at any depth. */
export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * An object as a token has it: UTF-8, and each name once, so that whoever reads it behind us reads the same (RFC 7519 §4,
 * RFC 8259 §4).
 * @returns undefined when it is anything else, or nested deeper than 32 levels.
 */
export function readObject(octets: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(octets);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // JSON.parse makes `__proto__` a member like any other, and so does the assertion.
    return isPlain(text) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether well-formed JSON has no name twice in one object, and is not nested too deep. */
function isPlain(text: string): boolean {
  /** The names seen in each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        if (open.length === MAX_DEPTH) return false;
        expectsName = text[at] === '{';
        open.push(expectsName ? new Set() : undefined);
        break;
      case '}':
      case ']':
        open.pop();
        expectsName = false;
        break;
      case ',':
        expectsName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (expectsName) {
          const name = String(JSON.parse(text.slice(at, end)));
          const names = open.at(-1);
          if (names?.has(name) === true) return false;
          names?.add(name);
          expectsName = false;
        }
        at = end - 1;
        break;
      }
      default:
        break;
    }
  }
  return true;
}

/** The place behind the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The longest text of which a mistake shows all. */
const maxLength = 60;

/** A value of a configuration as a mistake shows it: short, on one line, and never the inside of a list or mapping. */
export function foundIn(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'keys and values';
    case 'function':
      return 'a function';
    case 'string':
      return shorten(JSON.stringify(value));
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'symbol':
      return shorten(String(value));
    default:
      return 'nothing';
  }
}

function shorten(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

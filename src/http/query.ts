/**
 * The value of the first parameter of that name in a query, decoded as forms are (`+` is a space, escapes are UTF-8);
 * undefined when there is none. Agrees with `URLSearchParams`, without taking apart what is not asked for.
 *
 * @param query what stands behind the `?`, without it.
 * @param name decoded.
 */
export function queryValue(query: string, name: string): string | undefined {
  // Where nothing is encoded, a parameter is compared where it stands.
  const encoded = /[%+]/.test(query);
  for (let start = 0; start <= query.length;) {
    let end = query.indexOf('&', start);
    if (end === -1) end = query.length;
    if (end > start) {
      let equals = query.indexOf('=', start);
      if (equals === -1 || equals > end) equals = end;
      if (encoded ? decodesTo(query, start, equals, name) : isSame(query, start, equals, name)) {
        return decodeForm(query.slice(equals + 1, end));
      }
    }
    start = end + 1;
  }
  return undefined;
}

/** What {@link takeParameter} came to. */
export interface TakenParameter {
  /** Every value of the parameter, decoded, in order. */
  readonly values: readonly string[];
  /** The query without it, everything else as received; undefined when nothing else was there. */
  readonly rest: string | undefined;
}

/**
 * Takes every parameter of that name out of a query.
 * @param query what stands behind the `?`, without it.
 * @param name decoded.
 */
export function takeParameter(query: string, name: string): TakenParameter {
  const values: string[] = [];
  const kept = query.split('&').filter((parameter) => {
    const value = queryValue(parameter, name);
    if (value !== undefined) values.push(value);
    return value === undefined;
  });
  return { values, rest: kept.length === 0 ? undefined : kept.join('&') };
}

function isSame(query: string, start: number, end: number, name: string): boolean {
  return end - start === name.length && query.startsWith(name, start);
}

/** Decoding never makes a text longer, so that a shorter one is not taken apart. */
function decodesTo(query: string, start: number, end: number, name: string): boolean {
  return end - start >= name.length && decodeForm(query.slice(start, end)) === name;
}

function decodeForm(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Broken escapes stay as they are, broken UTF-8 becomes U+FFFD.
    return new URLSearchParams(`v=${text}`).get('v') ?? spaced;
  }
}

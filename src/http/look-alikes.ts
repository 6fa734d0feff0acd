/**
 * Names of headers that services may take for one another. CGI and what descends from it make `HTTP_X_USER` of `X-User`, of
 * `x_user` and, in places, of `X.User` and `x~user`; so what is neither a letter nor a digit counts as a hyphen here, and
 * case does not count (RFC 9110 §5.1).
 */
export class LookAlikes {
  /** Names as {@link plainName} makes them, by length, so that most lines cost one array look-up. */
  readonly #byLength: (string[] | undefined)[] = [];

  constructor(names: Iterable<string>) {
    for (const name of names) (this.#byLength[name.length] ??= []).push(plainName(name));
  }

  /** Whether a name may be taken for one of these. */
  has(name: string): boolean {
    return this.hasAt(name, 0, name.length);
  }

  /** Whether the name in `text` from `start` to `end` may be taken for one of these. */
  hasAt(text: string, start: number, end: number): boolean {
    const candidates = this.#byLength[end - start];
    if (candidates === undefined) return false;
    for (const name of candidates) if (looksLike(text, start, name)) return true;
    return false;
  }
}

/** What all look-alikes of a name have in common: lower case, and hyphens for all that is neither a letter nor a digit. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** What begins so is for the gateway to say, and for nobody outside: about consumers, and among its own parts. */
const reservedPrefixes = ['x-consumer-', 'x-waygate-', 'x-gw-'] as const;

/** Whether the name in `text` from `start` to `end`, or a look-alike, is reserved for the gateway, whatever is configured. */
export function isReservedName(text: string, start: number, end: number): boolean {
  if ((text.charCodeAt(start) | 0x20) !== 0x78) return false;
  for (const prefix of reservedPrefixes)
    if (end - start >= prefix.length && looksLike(text, start, prefix)) return true;
  return false;
}

/** Whether `text` at `start` spells the plain name, or a look-alike of it. Lengths are the caller's business. */
export function looksLike(text: string, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    let code = text.charCodeAt(start + i);
    if (code >= 0x41 && code <= 0x5a) code |= 0x20;
    else if ((code < 0x61 || code > 0x7a) && (code < 0x30 || code > 0x39)) code = 0x2d;
    if (code !== name.charCodeAt(i)) return false;
  }
  return true;
}

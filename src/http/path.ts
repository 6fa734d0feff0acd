/**
 * The canonical form of a path, made once before anything decides on it (RFC 3986 §6.2.2): unreserved characters
 * decoded, other escapes in upper-case hex, dot segments resolved, slashes merged. It is always a valid RFC 3986
 * `path-absolute`, so that what the gateway matched is what the target reads.
 */

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;

/** A character that stands for itself (RFC 3986 `pchar`, without `%` and `.`). */
const PLAIN = 1;
const IS_SLASH = 2;
const IS_DOT = 3;
/** `%`, or one of `"<>[]^{|}` and the backtick: not allowed raw, but sent by real clients; leaves percent-encoded. */
const ESCAPED = 4;

/** What to do with each octet; 0 is refused. */
const kinds = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) kinds[code] = PLAIN;
for (const char of '"<>[]^`{|}%') kinds[char.charCodeAt(0)] = ESCAPED;
for (const char of '#?\\') kinds[char.charCodeAt(0)] = 0;
kinds[SLASH] = IS_SLASH;
kinds[DOT] = IS_DOT;

/** `%00` to `%FF`. */
const escapes: readonly string[] = Array.from(
  { length: 256 },
  (_, octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`,
);

/**
 * The canonical form of the path part of a request target, or undefined when it is to be refused.
 *
 * Refused: a path that does not begin with `/`; raw controls, space, `#`, `?`, `\`, DEL and octets from 0x80; escapes
 * that are not two hex digits; escaped octets that are not UTF-8 (RFC 3629), and escaped controls other than `%00`.
 * `%2F`, `%5C` and `%00` stay as they are: {@link hasEncodedSeparator} finds them. Dot segments, also spelled `%2e`,
 * are resolved as RFC 3986 §5.2.4 says, before slashes are merged; what climbs above the root ends at the root.
 * Nothing is decoded twice, and a canonical path comes back unchanged. Case is significant.
 *
 * @param raw the path as received, latin1, without query.
 */
export function canonicalPath(raw: string): string | undefined {
  // Ordinary paths take this loop alone and are returned as they came, without an allocation.
  if (raw.charCodeAt(0) !== SLASH) return undefined;
  const length = raw.length;
  for (let i = 1; i < length; i++) {
    const kind = kinds[raw.charCodeAt(i)];
    if (kind === PLAIN) continue;
    if (kind === IS_SLASH) {
      if (raw.charCodeAt(i - 1) === SLASH) return resolve(raw);
    } else if (kind === IS_DOT) {
      if (raw.charCodeAt(i - 1) === SLASH && mayBeDotSegment(raw, i + 1)) return resolve(raw);
    } else if (kind === ESCAPED) {
      return resolve(raw);
    } else {
      return undefined;
    }
  }
  return raw;
}

/**
 * Whether somebody who decodes the path, once or many times over, would find a separator or a dot segment that is not
 * visible in it: `%2F`, `%5C`, `%00`, `%252F`, `%25252f`, `/%252e%252e/`.
 *
 * @param path a canonical path.
 */
export function hasEncodedSeparator(path: string): boolean {
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 3)) {
    const octet = octetAt(path, at);
    if (octet === PERCENT) return hidesSeparator(path);
    if (isSeparator(octet)) return true;
  }
  return false;
}

/** Whether the segment whose first dot stands before `next` can be `.` or `..` in some spelling. */
function mayBeDotSegment(raw: string, next: number): boolean {
  if (next === raw.length) return true;
  const code = raw.charCodeAt(next);
  return code === SLASH || code === DOT || code === PERCENT;
}

function resolve(raw: string): string | undefined {
  const segments: string[] = [];
  for (let start = 1, end = 0; end < raw.length; start = end + 1) {
    end = raw.indexOf('/', start);
    if (end === -1) end = raw.length;
    const segment = canonicalSegment(raw, start, end);
    if (segment === undefined) return undefined;
    if (segment === '..') segments.pop();
    if (segment !== '.' && segment !== '..') segments.push(segment);
    else if (end === raw.length) segments.push('');
  }
  let path = '';
  const last = segments.length - 1;
  for (let i = 0; i <= last; i++) {
    const segment = segments[i];
    if (segment !== '' || i === last) path += `/${segment}`;
  }
  return path;
}

function canonicalSegment(raw: string, start: number, end: number): string | undefined {
  let out = '';
  let copied = start;
  // The UTF-8 sequence under way: how many octets are missing, and the bounds of the next (RFC 3629 §4).
  let missing = 0;
  let low = 0x80;
  let high = 0xbf;
  for (let i = start; i < end; i++) {
    const code = raw.charCodeAt(i);
    const kind = kinds[code];
    if (kind === PLAIN || kind === IS_DOT) {
      if (missing > 0) return undefined;
      continue;
    }
    if (kind !== ESCAPED) return undefined;
    out += raw.slice(copied, i);
    if (code !== PERCENT) {
      if (missing > 0) return undefined;
      out += escapes[code];
      copied = i + 1;
      continue;
    }
    const octet = i + 2 < end ? octetAt(raw, i) : -1;
    if (octet < 0) return undefined;
    if (missing > 0) {
      if (octet < low || octet > high) return undefined;
      missing--;
      low = 0x80;
      high = 0xbf;
    } else if (octet >= 0x80) {
      if (octet < 0xc2 || octet > 0xf4) return undefined;
      missing = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
      // No overlong forms, no surrogates, nothing above U+10FFFF.
      if (octet === 0xe0) low = 0xa0;
      else if (octet === 0xf0) low = 0x90;
      else if (octet === 0xed) high = 0x9f;
      else if (octet === 0xf4) high = 0x8f;
    } else if ((octet < 0x20 && octet !== 0) || octet === 0x7f) {
      return undefined;
    }
    out += isUnreserved(octet) ? String.fromCharCode(octet) : escapes[octet];
    i += 2;
    copied = i + 1;
  }
  if (missing > 0) return undefined;
  return copied === start ? raw.slice(start, end) : out + raw.slice(copied, end);
}

/**
 * Decodes to exhaustion in one pass: each escape is replaced as soon as its last digit is there, and its result may be
 * part of the next. Escapes cannot overlap, so that the order of decoding does not matter, and the work is linear.
 */
function hidesSeparator(path: string): boolean {
  const decoded: number[] = [];
  for (let i = 0; i < path.length; i++) {
    decoded.push(path.charCodeAt(i));
    for (;;) {
      const at = decoded.length - 3;
      if (at < 0 || decoded[at] !== PERCENT) break;
      const octet = (hexValue(decoded[at + 1]) << 4) | hexValue(decoded[at + 2]);
      if (octet < 0) break;
      if (isSeparator(octet)) return true;
      decoded.length = at;
      decoded.push(octet);
    }
  }
  return hasDotSegment(decoded);
}

function hasDotSegment(codes: readonly number[]): boolean {
  let dots = 0;
  let others = false;
  for (let i = 1; i <= codes.length; i++) {
    if (i === codes.length || codes[i] === SLASH) {
      if (!others && (dots === 1 || dots === 2)) return true;
      dots = 0;
      others = false;
    } else if (codes[i] === DOT) {
      dots++;
    } else {
      others = true;
    }
  }
  return false;
}

/** The octet that the escape at `at` stands for, or a negative number. */
function octetAt(text: string, at: number): number {
  return (hexValue(text.charCodeAt(at + 1)) << 4) | hexValue(text.charCodeAt(at + 2));
}

/** The value of a hex digit, or −1, which makes any OR of values negative. */
function hexValue(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isSeparator(octet: number): boolean {
  return octet === SLASH || octet === 0x5c || octet === 0;
}

/** RFC 3986 §2.3. */
function isUnreserved(octet: number): boolean {
  const lower = octet | 0x20;
  return (
    (octet >= 0x30 && octet <= 0x39) ||
    (lower >= 0x61 && lower <= 0x7a) ||
    octet === 0x2d ||
    octet === DOT ||
    octet === 0x5f ||
    octet === 0x7e
  );
}

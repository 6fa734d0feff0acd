import { looksLike } from '../http/look-alikes.ts';

/**
 * The lines of a received head, checked and sorted in one pass. llhttp has accepted them; what is asked for here in
 * addition is that every octet of the head is accounted for: `name ":" OWS value OWS CRLF` and nothing else
 * (RFC 9112 §5), so that no later reader can find another line in it.
 */
export const LINES_OK = -1;

/**
 * Checks that the lines follow one another without a gap, from `from` to the end of the text, and trims the spans of
 * values.
 * @returns `LINES_OK`, or the offset of the first octet out of place.
 */
export function checkLines(text: string, spans: number[], from: number): number {
  let at = from;
  for (let i = 0; i < spans.length; i += 4) {
    if (spans[i] !== at) return at;
    const nameEnd = spans[i + 1] as number;
    if (nameEnd === at || text.charCodeAt(nameEnd) !== 0x3a) return nameEnd;
    let valueStart = nameEnd + 1;
    while (isOws(text.charCodeAt(valueStart))) valueStart++;
    // llhttp reports the place of an empty value as the one behind its line.
    let valueEnd =
      text.charCodeAt(valueStart) === 0x0d ? valueStart : Math.max(spans[i + 3] as number, valueStart);
    at = valueEnd;
    while (isOws(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) !== 0x0d || text.charCodeAt(at + 1) !== 0x0a) return at;
    at += 2;
    while (valueEnd > valueStart && isOws(text.charCodeAt(valueEnd - 1))) valueEnd--;
    spans[i + 2] = valueStart;
    spans[i + 3] = valueEnd;
  }
  const ended = text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a && at + 2 === text.length;
  return ended ? LINES_OK : at;
}

/** Names that the engine acts on, each a bit, so that one number says which were seen. */
export const SEEN = {
  CONNECTION: 1 << 0,
  KEEP_ALIVE: 1 << 1,
  TRANSFER_ENCODING: 1 << 2,
  CONTENT_LENGTH: 1 << 3,
  HOST: 1 << 4,
  UPGRADE: 1 << 5,
  TE: 1 << 6,
  EXPECT: 1 << 7,
  VIA: 1 << 8,
  FORWARDED: 1 << 9,
  AUTHORIZATION: 1 << 10,
  DATE: 1 << 11,
  /** Hop-by-hop lines with no meaning to the engine: removed. */
  HOP: 1 << 12,
} as const;

const none = 0;

/** Names of interest by length, so that most lines cost one array look-up. */
const byLength: (readonly (readonly [name: string, bit: number])[] | undefined)[] = [];
for (const [name, bit] of [
  ['connection', SEEN.CONNECTION],
  ['keep-alive', SEEN.KEEP_ALIVE],
  ['transfer-encoding', SEEN.TRANSFER_ENCODING],
  ['content-length', SEEN.CONTENT_LENGTH],
  ['host', SEEN.HOST],
  ['upgrade', SEEN.UPGRADE],
  ['te', SEEN.TE],
  ['expect', SEEN.EXPECT],
  ['via', SEEN.VIA],
  ['forwarded', SEEN.FORWARDED],
  ['x-real-ip', SEEN.FORWARDED],
  ['x-forwarded-for', SEEN.FORWARDED],
  ['x-forwarded-host', SEEN.FORWARDED],
  ['x-forwarded-port', SEEN.FORWARDED],
  ['x-forwarded-proto', SEEN.FORWARDED],
  ['x-forwarded-scheme', SEEN.FORWARDED],
  ['x-forwarded-server', SEEN.FORWARDED],
  ['x-forwarded-prefix', SEEN.FORWARDED],
  ['authorization', SEEN.AUTHORIZATION],
  ['date', SEEN.DATE],
  ['proxy-connection', SEEN.HOP],
  ['proxy-authorization', SEEN.HOP],
  ['proxy-authenticate', SEEN.HOP],
  ['proxy-authentication-info', SEEN.HOP],
  ['trailer', SEEN.HOP],
  ['http2-settings', SEEN.HOP],
  // Some frameworks route by these, past the path that everything here has decided on.
  ['x-original-url', SEEN.HOP],
  ['x-rewrite-url', SEEN.HOP],
] as const) {
  byLength[name.length] = [...(byLength[name.length] ?? []), [name, bit]];
}

/** Which name of interest stands in `text` from `start` to `end`: a bit of {@link SEEN}, or 0. */
export function classify(text: string, start: number, end: number): number {
  const candidates = byLength[end - start];
  if (candidates === undefined) return none;
  for (const [name, bit] of candidates) {
    if (spells(text, start, name)) return bit;
  }
  return none;
}

/** Whether the name in `text` from `start` to `end`, which is none of interest, is a look-alike of one. */
export function resemblesKnown(text: string, start: number, end: number): boolean {
  const candidates = byLength[end - start];
  if (candidates === undefined) return false;
  for (const [name] of candidates) if (looksLike(text, start, name)) return true;
  return false;
}

/** Whether `text` at `start` spells the lower-case `word`, ignoring ASCII case. */
export function spells(text: string, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    let code = text.charCodeAt(start + i);
    if (code >= 0x41 && code <= 0x5a) code |= 0x20;
    if (code !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** The value of a Content-Length: digits only, no more than a safe integer; −1 when it is anything else (RFC 9110 §8.6). */
export function parseContentLength(text: string, start: number, end: number): number {
  if (end === start || end - start > 16) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return -1;
    value = value * 10 + (code - 0x30);
  }
  // `002` is a valid spelling, but not one that everybody reads the same way.
  if (end - start > 1 && text.charCodeAt(start) === 0x30) return -1;
  return Number.isSafeInteger(value) ? value : -1;
}

/**
 * Fields that a `Connection` header cannot take away, though it names them: they are meant for the target, or somebody
 * relies on them (RFC 9110 §7.6.1 forbids senders to name them).
 */
const endToEnd = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expires',
  'forwarded',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'origin',
  'pragma',
  'range',
  'referer',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-real-ip',
  'x-request-id',
]);

/** Whether a `Connection` header may nominate this field for removal. */
export function isRemovable(lowerName: string): boolean {
  return !endToEnd.has(lowerName) && !lowerName.startsWith('x-forwarded-') && !lowerName.startsWith('sec-');
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

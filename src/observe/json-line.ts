import type { AccessRecord } from './access-record.ts';
import { jsonString } from './escape.ts';
import { createTimestamp } from './timestamp.ts';

/**
 * Makes the formatter of the JSON access log: one object a line, its members named as in {@link AccessRecord}, those
 * that are undefined left out, durations with three decimals. What `JSON.parse` reads from a line is the record.
 *
 * Concatenation, because `JSON.stringify` of the record costs several times as much.
 */
export function createJsonFormat(
  query: (query: string) => string | undefined,
): (record: AccessRecord) => string {
  const timestamp = createTimestamp();
  const client = rememberLast(
    (ip, method, host) =>
      `,"clientIp":${jsonString(ip)},"method":${jsonString(method)},"host":${jsonString(host)},"path":`,
  );
  const answer = rememberLast(
    (version, route, status) =>
      `,"httpVersion":${jsonString(version)},"route":${jsonString(route)},"status":${status},"duration":`,
  );
  const target = rememberLast((label) => `,"target":${jsonString(label)}`);
  const userAgent = rememberLast((text) => `,"userAgent":${jsonString(text)}`);
  return (record) => {
    // `id` is the one text that never comes twice.
    let line = `{"time":"${timestamp(record.time)}","id":${jsonString(record.id)}${client(record.clientIp, record.method, record.host)}${jsonString(record.path)}`;
    if (record.query !== undefined) line += optionalText('query', query(record.query));
    line += `${answer(record.httpVersion, record.route, jsonNumber(record.status))}${jsonNumber(record.duration)}`;
    if (record.upstreamDuration !== undefined)
      line += `,"upstreamDuration":${jsonNumber(record.upstreamDuration)}`;
    if (record.target !== undefined) line += target(record.target);
    line += `,"requestBytes":${jsonNumber(record.requestBytes)},"responseBytes":${jsonNumber(record.responseBytes)},"attempts":${jsonNumber(record.attempts)}`;
    if (record.consumer !== undefined) line += optionalText('consumer', record.consumer);
    if (record.error !== undefined) line += optionalText('error', record.error);
    if (record.policy !== undefined) line += optionalText('policy', record.policy);
    if (record.detail !== undefined) line += optionalText('detail', record.detail);
    if (record.userAgent !== undefined) line += userAgent(record.userAgent);
    return `${line}}\n`;
  };
}

/**
 * Makes a function that keeps its last result: one exchange after another has the same client, route or target, and a
 * piece that is there already costs a comparison instead of a dozen concatenations.
 */
function rememberLast(
  make: (a: string, b: string, c: string) => string,
): (a: string, b?: string, c?: string) => string {
  let lastA: string | undefined;
  let lastB = '';
  let lastC = '';
  let last = '';
  return (a, b = '', c = '') => {
    if (a !== lastA || b !== lastB || c !== lastC) {
      lastA = a;
      lastB = b;
      lastC = c;
      last = make(a, b, c);
    }
    return last;
  };
}

function optionalText(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${jsonString(text)}`;
}

/** Values of which a thousandfold is still exact to the last digit. */
const mostExact = 2 ** 43;

/**
 * A number with at most three decimals; null for what is none, as `JSON.stringify` has it. Put together from whole
 * numbers, because finding the shortest text of a fraction takes three times as long.
 */
function jsonNumber(value: number): string {
  if (Number.isSafeInteger(value)) return `${value}`;
  if (!(value >= 0 && value < mostExact)) return Number.isFinite(value) ? `${rounded(value)}` : 'null';
  const thousandths = Math.round(value * 1000);
  const whole = Math.trunc(thousandths / 1000);
  const rest = thousandths - whole * 1000;
  if (rest === 0) return `${whole}`;
  return rest < 10 ? `${whole}.00${rest}` : rest < 100 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}

function rounded(value: number): number {
  return Math.abs(value) < mostExact ? Math.round(value * 1000) / 1000 : value;
}

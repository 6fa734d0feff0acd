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
  return (record) => {
    let line = `{"time":"${timestamp(record.time)}","id":${jsonString(record.id)},"clientIp":${jsonString(record.clientIp)}`;
    line += `,"method":${jsonString(record.method)},"host":${jsonString(record.host)},"path":${jsonString(record.path)}`;
    if (record.query !== undefined) line += optionalText('query', query(record.query));
    line += `,"httpVersion":${jsonString(record.httpVersion)},"route":${jsonString(record.route)}`;
    line += `,"status":${jsonNumber(record.status)},"duration":${jsonNumber(record.duration)}`;
    if (record.upstreamDuration !== undefined)
      line += `,"upstreamDuration":${jsonNumber(record.upstreamDuration)}`;
    if (record.target !== undefined) line += optionalText('target', record.target);
    line += `,"requestBytes":${jsonNumber(record.requestBytes)},"responseBytes":${jsonNumber(record.responseBytes)}`;
    line += `,"attempts":${jsonNumber(record.attempts)}`;
    if (record.consumer !== undefined) line += optionalText('consumer', record.consumer);
    if (record.error !== undefined) line += `,"error":"${record.error}"`;
    if (record.detail !== undefined) line += optionalText('detail', record.detail);
    if (record.userAgent !== undefined) line += optionalText('userAgent', record.userAgent);
    return `${line}}\n`;
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

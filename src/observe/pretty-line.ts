import type { AccessRecord } from './access-record.ts';
import { escapeText } from './escape.ts';
import { createPaint, type Colour, type Paint } from './paint.ts';
import { createTimeOfDay } from './timestamp.ts';

/**
 * Makes the formatter of the access log for people at a terminal:
 *
 *     13:41:19.123  200  GET     /users/1                          1.2 ms  localhost:3001
 *     13:41:20.003  502  GET     /orders                            12 ms  upstream_connect_failed: connect ECONNREFUSED
 */
export function createPrettyFormat(
  query: (query: string) => string | undefined,
  color: boolean,
): (record: AccessRecord) => string {
  const timeOfDay = createTimeOfDay();
  const paint = createPaint(color);
  return (record) => {
    const shownQuery = record.query === undefined ? undefined : query(record.query);
    const path = escapeText(shownQuery === undefined ? record.path : `${record.path}?${shownQuery}`);
    const columns = [
      paint('dim', timeOfDay(record.time)),
      paint(statusColour(record.status), statusText(record.status)),
      paint('bold', escapeText(record.method).padEnd(6)),
      path.padEnd(36),
      duration(record.duration, paint),
      ...ending(record, paint),
    ];
    return `${columns.join('  ')}\n`;
  };
}

/** What stands behind the columns: who answered, and what went wrong. */
function ending(record: AccessRecord, paint: Paint): string[] {
  const parts: string[] = [];
  if (record.target !== undefined) parts.push(paint('dim', escapeText(record.target)));
  if (record.attempts > 1) parts.push(paint('yellow', `${record.attempts} attempts`));
  if (record.consumer !== undefined) parts.push(paint('dim', `by ${escapeText(record.consumer)}`));
  if (record.error !== undefined) {
    const detail = record.detail === undefined ? '' : `: ${escapeText(record.detail)}`;
    const by = record.policy === undefined ? '' : `${escapeText(record.policy)}: `;
    parts.push(paint(record.status >= 500 ? 'red' : 'yellow', `${by}${escapeText(record.error)}${detail}`));
  }
  return parts;
}

/** Three characters: the status, or a dash where the client was gone before there was one. */
function statusText(status: number): string {
  return status === 0 ? ' – ' : String(status).padStart(3);
}

function statusColour(status: number): Colour {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  if (status >= 300) return 'cyan';
  return status >= 200 ? 'green' : 'dim';
}

/** Eight characters; what took over a second stands out. */
function duration(milliseconds: number, paint: Paint): string {
  return paint(milliseconds >= 1000 ? 'yellow' : 'dim', shortDuration(milliseconds).padStart(8));
}

function shortDuration(milliseconds: number): string {
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(0)} s`;
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds >= 10) return `${milliseconds.toFixed(0)} ms`;
  return `${milliseconds.toFixed(1)} ms`;
}

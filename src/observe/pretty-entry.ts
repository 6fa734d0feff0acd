import { escapeText } from './escape.ts';
import { createPaint, type Colour, type Paint } from './paint.ts';
import { createTimeOfDay } from './timestamp.ts';

const levelColours: Readonly<Record<string, Colour>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
};

/**
 * Makes the formatter of the operational log for people, from the JSON line that pino made:
 *
 *     13:41:19.123  error  the new configuration has mistakes; the old one goes on serving  mistakes=1
 *         waygate.yaml:6:15  there is no upstream "user": did you mean "users"?
 */
export function createPrettyEntry(color: boolean): (line: string) => string {
  const paint = createPaint(color);
  const timeOfDay = createTimeOfDay();
  return (line) => {
    const { time, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const levelText = String(level);
    const columns = [
      paint('dim', timeOfDay(Date.parse(String(time)))),
      paint(levelColours[levelText] ?? 'bold', levelText.padEnd(5)),
      escapeText(typeof message === 'string' ? message : ''),
      ...Object.entries(fields).map(
        ([name, value]) => `${paint('dim', `${escapeText(name)}=`)}${shown(value)}`,
      ),
    ];
    return `${columns.join('  ')}\n${sentences(fields)}${stacks(fields, paint)}`;
  };
}

/** A field's value on the line: text as it is where it is one word, quoted otherwise; of an error its message, of sentences how many. */
function shown(value: unknown): string {
  if (areSentences(value)) return String(value.length);
  if (isError(value)) return escapeText(value.message);
  if (typeof value === 'string')
    return /^[^\s"=]+$/.test(value) ? escapeText(value) : `"${escapeText(value)}"`;
  return escapeText(JSON.stringify(value) ?? String(value));
}

/** Lists of sentences, such as mistakes, each below the line. */
function sentences(fields: Record<string, unknown>): string {
  return Object.values(fields)
    .flatMap((value) => (areSentences(value) ? value : []))
    .map((text) => `    ${escapeText(text)}\n`)
    .join('');
}

function areSentences(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item === 'string') &&
    value.some((item) => item.includes(' '))
  );
}

/** The stacks of the errors among the fields, below the line. */
function stacks(fields: Record<string, unknown>, paint: Paint): string {
  let text = '';
  for (const value of Object.values(fields)) {
    if (!isError(value)) continue;
    const frames = value.stack.split('\n').filter((line) => /^\s+at /.test(line));
    for (const frame of frames) text += `${paint('dim', escapeText(`    ${frame.trim()}`))}\n`;
  }
  return text;
}

function isError(value: unknown): value is { message: string; stack: string } {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'message' in value &&
    typeof value.message === 'string' &&
    'stack' in value &&
    typeof value.stack === 'string'
  );
}

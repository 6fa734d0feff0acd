import { styleText } from 'node:util';
import type { Mistake } from './mistake.ts';

/** How many columns of a line are shown around the place of a mistake. */
const width = 100;

/**
 * Mistakes as a person reads them: place and mistake, the line with a caret under the place, and the remedy. Ends with
 * the number of mistakes; empty when there are none.
 */
export function formatMistakes(mistakes: readonly Mistake[], options: { readonly color: boolean }): string {
  if (mistakes.length === 0) return '';
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const blocks = mistakes.map((mistake) => {
    const head = `${style('bold', placeOf(mistake))}  ${style('red', printable(mistake.found))}`;
    const gutter = ' '.repeat(String(mistake.line ?? '').length + 1);
    const lines = excerptOf(mistake).map((line) => `  ${line}`);
    return [
      head,
      ...lines,
      `  ${lines.length > 0 ? gutter : ''}${style('cyan', '=')} ${printable(mistake.remedy)}`,
    ].join('\n');
  });
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  return `${blocks.join('\n\n')}\n\n${style('bold', count)}\n`;
}

/** Mistakes as a script reads them: one object each, without the excerpt. */
export function mistakesAsJson(mistakes: readonly Mistake[]): Omit<Mistake, 'excerpt'>[] {
  return mistakes.map(({ file, line, column, path, found, remedy }) => ({
    file,
    line,
    column,
    path,
    found,
    remedy,
  }));
}

/** A mistake as a single line: place, mistake and remedy, without anything else of the file. */
export function mistakeLine(mistake: Mistake): string {
  const place = placeOf(mistake);
  const words = `${printable(mistake.found)}: ${printable(mistake.remedy)}`;
  return place === '' ? words : `${place}  ${words}`;
}

/** `waygate.yaml:12:7`; where there are no lines, the keys that lead there: `waygate.config.ts: routes[0].path`. */
function placeOf({ file, line, column, path }: Mistake): string {
  if (line !== undefined) return `${file}:${line}:${column ?? 1}`;
  return [file, pathText(path)].filter((part) => part !== '').join(': ');
}

/** Keys and indexes as one writes them in a program. */
function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const plain = /^[A-Za-z_$][\w$]*$/.test(key);
    if (!plain) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

function excerptOf({ excerpt, line, column }: Mistake): string[] {
  if (excerpt === undefined || line === undefined || column === undefined) return [];
  const start = column > width * 0.8 ? column - Math.floor(width / 2) : 0;
  const shown = excerpt.slice(start, start + width).replaceAll('\t', ' ');
  const before = start > 0 ? '…' : '';
  const after = excerpt.length > start + width ? '…' : '';
  const gutter = ' '.repeat(String(line).length);
  const caret = ' '.repeat(before.length + Math.min(column - 1, excerpt.length) - start);
  return [`${line} | ${before}${printable(shown)}${after}`, `${gutter} | ${caret}^`];
}

/** Without what would move the cursor of a terminal or turn the direction of the text. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

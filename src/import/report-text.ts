import { relative } from 'node:path';
import type { Paint } from '../observe/paint.ts';
import { printable } from './printable.ts';
import type { Place, Report } from './report.ts';

/** Of each group so many entries are shown; `--json` has all. */
const maxShown = 200;

/**
 * A report as a person reads it.
 * @param folder what files are named relative to.
 */
export function reportText(report: Report, folder: string, paint: Paint): string {
  const at = (place: Place | undefined): string =>
    place === undefined ? '' : `  ${paint('dim', printable(placeText(place, folder)))}`;
  const { translated, approximated, leftOut, secrets } = report;
  const blocks = [
    block(
      paint('green', `translated (${translated.length})`),
      translated.map(({ what, became, place }) => `${printable(what)} → ${printable(became)}${at(place)}`),
    ),
    block(
      paint('yellow', `approximated (${approximated.length})`),
      approximated.map(
        ({ what, became, differs, place }) =>
          `${printable(what)} → ${printable(became)}${at(place)}\n    differs: ${printable(differs)}`,
      ),
    ),
    block(
      paint('red', `left out (${leftOut.length})`),
      leftOut.map(
        ({ what, why, remedy, place }) =>
          `${printable(what)}${at(place)}\n    ${printable(why)}\n    remedy: ${printable(remedy)}`,
      ),
    ),
    secrets.length === 0
      ? ''
      : block(
          paint('bold', `to set in the environment (${secrets.length})`),
          secrets.map(({ variable, holds, place }) => `${variable}: ${printable(holds)}${at(place)}`),
        ),
  ];
  return blocks.filter((text) => text !== '').join('\n');
}

function placeText({ file, line }: Place, folder: string): string {
  const path = relative(folder, file);
  const name = path === '' || path.startsWith('..') ? file : path;
  return line === undefined ? name : `${name}:${line}`;
}

function block(head: string, entries: readonly string[]): string {
  const shown = entries.slice(0, maxShown).map((entry) => `  ${entry}\n`);
  const more = entries.length > maxShown ? `  … and ${entries.length - maxShown} more: see --json\n` : '';
  return `${head}\n${shown.join('')}${more}`;
}

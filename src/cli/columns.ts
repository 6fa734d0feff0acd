import { stripVTControlCharacters } from 'node:util';

/** Rows as aligned columns, each row indented by two spaces; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  return rows.map((row) => `  ${alignRow(row, widths)}\n`).join('');
}

function alignRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell)));
  return cells.join('  ').trimEnd();
}

/** How many columns text takes, colours aside. */
function width(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

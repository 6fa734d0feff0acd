import { stripVTControlCharacters } from 'node:util';

/** Longer texts of a source are cut where they are shown. */
const maxLength = 300;

/**
 * A text of the source as a person may see it, in a report or a comment: on one line, what steers terminals or turns
 * text around as an escape, and not too long.
 */
export function printable(text: string): string {
  return onOneLine(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/** The same, however long: line breaks and what is around them are a space. */
export function onOneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/\s*[\t\r\n\v\f\u2028\u2029]\s*/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\u{${code.toString(16)}}`;
    });
}

/** What a program said first that is no white space, without its colours; empty for nothing. */
export function firstLine(text: string): string {
  const lines = stripVTControlCharacters(text).split(/[\r\n\u2028\u2029]+/);
  return printable(lines.find((line) => line.trim() !== '')?.trim() ?? '');
}

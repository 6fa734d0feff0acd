/** Longer texts of a source are cut where they are shown. */
const maxLength = 300;

/**
 * A text of the source as a person may see it, in a report or a comment: on one line, what steers terminals or turns
 * text around as an escape, and not too long.
 */
export function printable(text: string): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

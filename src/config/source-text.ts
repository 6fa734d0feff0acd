import { isUtf8 } from 'node:buffer';

/** The largest configuration file, in bytes. Ten thousand routes fit into a fraction of it. */
export const maxFileBytes = 5 * 1024 * 1024;

/** The text of a file, or why it is none. */
export type SourceText =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly line: number;
      readonly column: number;
      readonly found: string;
      readonly remedy: string;
    };

/** Characters that no YAML or JSON contains as they are (YAML 1.2.2 §5.1), and lone carriage returns. */
const unreadable = /[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n)/;

/** Decodes a file as UTF-8. A byte order mark is taken away; UTF-16 and what is no text at all are refused. */
export function decodeSource(bytes: Uint8Array): SourceText {
  if (bytes.length > maxFileBytes) {
    return refuse('the file is larger than 5 MB', 'write less, or check that this is the right file');
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return refuse('the file is in UTF-16', 'save it as UTF-8');
  }
  const zero = bytes.indexOf(0);
  if (zero !== -1) {
    return {
      ...refuse('the file is not a text', 'save it as UTF-8, or check that this is the right file'),
      ...placeOf(bytes, zero),
    };
  }
  if (!isUtf8(bytes)) {
    return {
      ...refuse('the file is not in UTF-8 from here on', 'save it as UTF-8'),
      ...placeOf(bytes, firstBadByte(bytes)),
    };
  }
  const text = new TextDecoder().decode(bytes);
  const control = unreadable.exec(text);
  if (control === null) return { ok: true, text };
  const before = text.slice(0, control.index);
  const column = before.length - before.lastIndexOf('\n');
  const code = control[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
  const [found, remedy] =
    code === '000D'
      ? ['a line ends in a lone carriage return', 'save the file with line ends of Unix or Windows']
      : [
          `the control character U+${code} stands here`,
          'leave it out, or write it as an escape in double quotes',
        ];
  return { ok: false, line: before.split('\n').length, column, found, remedy };
}

function refuse(found: string, remedy: string): SourceText & { ok: false } {
  return { ok: false, line: 1, column: 1, found, remedy };
}

/** Where the longest prefix that is UTF-8 ends, found by halving. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (goodLength(bytes, middle) === undefined) bad = middle;
    else good = middle;
  }
  return goodLength(bytes, good) ?? good;
}

/** The length of the prefix without the character that it may have been cut in: up to three bytes of it are there. */
function goodLength(bytes: Uint8Array, length: number): number | undefined {
  for (let end = length; end >= 0 && end > length - 4; end--) if (isUtf8(bytes.subarray(0, end))) return end;
  return undefined;
}

function placeOf(bytes: Uint8Array, offset: number): { line: number; column: number } {
  const before = new TextDecoder().decode(bytes.subarray(0, offset));
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}

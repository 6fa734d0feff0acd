import type { ByteQueue } from './byte-queue.ts';
import { readHeaderLine } from './header-line.ts';
import type { HeaderLine } from './header-line.ts';

// RFC 9112 §7.1: a size in hexadecimal, and then nothing or extensions, each `;name`, `;name=token` or `;name="quoted"`.
const tokenChars = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const quoted = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const extension = `[ \\t]*;[ \\t]*${tokenChars}(?:[ \\t]*=[ \\t]*(?:${tokenChars}|${quoted}))?`;
const strictSizeLine = new RegExp(`^([0-9A-Fa-f]{1,13})((?:${extension})*)$`);

/** Reads a chunked body as leniently as can be, and tells everything that is wrong with it (RFC 9112 §7.1). */
export class ChunkedReader {
  readonly #onData: (data: Buffer) => void;
  readonly #onWrong: (what: string) => void;
  #state: 'size' | 'data' | 'data end' | 'trailers' | 'done' = 'size';
  #left = 0;
  /** The extensions of each chunk that carried some: everything behind the size, as received. */
  readonly extensions: string[] = [];
  /** The trailer lines as they came. */
  readonly trailers: HeaderLine[] = [];

  constructor(onData: (data: Buffer) => void, onWrong: (what: string) => void) {
    this.#onData = onData;
    this.#onWrong = onWrong;
  }

  /** Reads on, and says whether the body is complete. What follows it stays in the queue. */
  read(queue: ByteQueue): boolean {
    while (this.#state !== 'done' && this.#step(queue)) {
      // Every step that got what it needed is followed by the next.
    }
    return this.#state === 'done';
  }

  /** One step; false when it needs more bytes. */
  #step(queue: ByteQueue): boolean {
    if (this.#state === 'data') return this.#readData(queue);
    if (this.#state === 'data end') return this.#readDataEnd(queue);
    const raw = queue.takeLine();
    if (raw === undefined) return false;
    const line = withoutLineEnd(raw, this.#onWrong);
    if (this.#state === 'size') this.#readSize(line);
    else this.#readTrailer(line);
    return true;
  }

  #readSize(line: string): void {
    const strict = strictSizeLine.exec(line);
    if (strict === null) this.#onWrong(`chunk size line ${JSON.stringify(line.slice(0, 60))}`);
    if (line.includes(';')) this.extensions.push(line.replace(/^[0-9A-Fa-f]+/, ''));
    const size = Number.parseInt(line, 16);
    this.#left = Number.isSafeInteger(size) && size > 0 ? size : 0;
    this.#state = this.#left === 0 ? 'trailers' : 'data';
  }

  #readData(queue: ByteQueue): boolean {
    if (queue.length === 0) return false;
    const data = queue.take(this.#left);
    this.#left -= data.length;
    this.#onData(data);
    if (this.#left === 0) this.#state = 'data end';
    return true;
  }

  #readDataEnd(queue: ByteQueue): boolean {
    const next = queue.peek();
    if (next.length < 2 && !(next.length === 1 && next[0] !== 0x0d)) return false;
    if (next[0] === 0x0d && next[1] === 0x0a) queue.take(2);
    else this.#onWrong('chunk data not followed by CRLF');
    this.#state = 'size';
    return true;
  }

  #readTrailer(line: string): void {
    if (line === '') {
      this.#state = 'done';
      return;
    }
    const trailer = readHeaderLine(line);
    this.trailers.push(trailer.line);
    for (const what of trailer.wrong) this.#onWrong(`trailer: ${what}`);
  }
}

/** A line, latin1, without its CRLF; a line end that is not exactly CRLF and a CR inside are told. */
export function withoutLineEnd(raw: Buffer, onWrong: (what: string) => void): string {
  let text = raw.toString('latin1').slice(0, -1);
  if (text.endsWith('\r')) text = text.slice(0, -1);
  else onWrong('bare LF');
  if (text.includes('\r')) onWrong('bare CR');
  return text;
}

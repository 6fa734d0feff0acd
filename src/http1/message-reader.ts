import type { Llhttp, LlhttpEvents, REQUEST, RESPONSE } from './llhttp.ts';
import { HPE } from './llhttp.ts';
import { HeaderList } from '../http/header-list.ts';

/** What {@link MessageReader.readHead} and {@link MessageReader.readChunked} came to. */
export const INCOMPLETE = 0;
export const COMPLETE = 1;
export const FAILED = 2;

const IN_SIZE = 0;
const SIZE_READ = 1;
const BEHIND_DATA = 2;

/** Octets of chunk headers and extensions between two octets of data; more than that is an attack. */
const CHUNK_OVERHEAD_LIMIT = 1024;

/**
 * Reads messages of one direction of one connection. The head is kept as one text with offsets, nothing is sliced out;
 * bodies of known length never come here; chunked bodies are decoded by llhttp. No code of the gateway runs inside a
 * callback of the parser: offsets are noted, and looked at after it has returned.
 */
export class MessageReader implements LlhttpEvents {
  readonly #llhttp: Llhttp;
  readonly #type: typeof REQUEST | typeof RESPONSE;
  #parser = 0;
  /** The head as received, latin1, leading empty lines included. */
  text = '';
  /** Four offsets into `text` a header line; see `HeaderList`. */
  spans: number[] = [];
  targetStart = -1;
  targetEnd = -1;
  /** Octets the last call took from its chunk. */
  consumed = 0;
  /** Start and end in the chunk of each piece of body data that the last call of {@link readChunked} found. */
  readonly data: number[] = [];
  /** Octets of trailer lines so far, names and values. */
  trailerBytes = 0;
  trailerCount = 0;
  /** The llhttp error code of a failure, or 0 for one found here. */
  errorCode = 0;
  errorReason = '';
  #base = 0;
  #inValue = true;
  #inTrailers = false;
  #chunk: Buffer | undefined;
  #overhead = 0;
  /** Where in the line of a chunk's size the last read ended. */
  #sizeLine = IN_SIZE;
  #sizeDigits = 0;
  #trailerNames: string[] | undefined;
  #trailerValues: string[] | undefined;

  constructor(llhttp: Llhttp, type: typeof REQUEST | typeof RESPONSE) {
    this.#llhttp = llhttp;
    this.#type = type;
  }

  /** Whether part of a head has been read. */
  get midHead(): boolean {
    return this.text !== '';
  }

  /** Reads on in a head. `COMPLETE` stops right behind its empty line. */
  readHead(chunk: Buffer, start: number): number {
    if (this.#parser === 0) this.#parser = this.#llhttp.acquire(this.#type);
    this.#inTrailers = false;
    this.#base = this.text.length;
    const code = this.#llhttp.execute(this.#parser, this, chunk, start);
    this.consumed = this.#llhttp.consumed;
    const piece = chunk.latin1Slice(start, start + this.consumed);
    this.text = this.text === '' ? piece : this.text + piece;
    if (code === HPE.PAUSED) return COMPLETE;
    if (code === HPE.OK) return INCOMPLETE;
    return this.#fail(code, chunk, start);
  }

  /** Forgets the head. Spans belong to whoever took them. */
  clearHead(): void {
    this.text = '';
    this.spans = [];
    this.targetStart = this.targetEnd = -1;
    this.#inValue = true;
  }

  /** The body of the message whose head was just read is not chunked: the parser has nothing more to do with it. */
  skipBody(): void {
    this.#rest();
  }

  /** Reads on in a chunked body. Fills `data`; `COMPLETE` stops right behind the message. */
  readChunked(chunk: Buffer, start: number): number {
    this.data.length = 0;
    this.#inTrailers = true;
    this.#chunk = chunk;
    this.#base = start;
    const code = this.#llhttp.execute(this.#parser, this, chunk, start);
    this.#chunk = undefined;
    this.consumed = this.#llhttp.consumed;
    if (code !== HPE.OK && code !== HPE.PAUSED) return this.#fail(code, chunk, start);
    if (!this.#checkSizes(chunk, start)) {
      this.errorCode = HPE.INVALID_CHUNK_SIZE;
      this.errorReason = 'a chunk size of more than 16 digits';
      return FAILED;
    }
    if (this.#countOverhead(start) > CHUNK_OVERHEAD_LIMIT) {
      this.errorCode = 0;
      this.errorReason = 'too many octets of chunk extensions';
      return FAILED;
    }
    if (code === HPE.OK) return INCOMPLETE;
    this.#rest();
    return COMPLETE;
  }

  /** The trailers of the message just completed, or undefined. */
  takeTrailers(): HeaderList | undefined {
    const names = this.#trailerNames;
    const values = this.#trailerValues;
    this.#trailerNames = this.#trailerValues = undefined;
    this.trailerBytes = this.trailerCount = 0;
    if (names === undefined || values === undefined) return undefined;
    const list = new HeaderList();
    for (let i = 0; i < names.length; i++)
      list.append(names[i] ?? '', (values[i] ?? '').replace(/[ \t]+$/, ''));
    return list;
  }

  /** Gives the parser back. */
  close(): void {
    if (this.#parser === 0) return;
    this.#llhttp.release(this.#type, this.#parser);
    this.#parser = 0;
  }

  get versionMajor(): number {
    return this.#llhttp.versionMajor(this.#parser);
  }

  get versionMinor(): number {
    return this.#llhttp.versionMinor(this.#parser);
  }

  get status(): number {
    return this.#llhttp.status(this.#parser);
  }

  onUrl(start: number, end: number): void {
    if (this.targetStart === -1) this.targetStart = this.#base + start;
    this.targetEnd = this.#base + end;
  }

  onHeaderField(start: number, end: number): void {
    if (this.#inTrailers) return this.#trailerField(start, end);
    const spans = this.spans;
    if (this.#inValue) {
      this.#inValue = false;
      spans.push(this.#base + start, this.#base + end, 0, 0);
    } else {
      spans[spans.length - 3] = this.#base + end;
    }
  }

  onHeaderValue(start: number, end: number): void {
    if (this.#inTrailers) return this.#trailerValue(start, end);
    const spans = this.spans;
    if (!this.#inValue) {
      this.#inValue = true;
      spans[spans.length - 2] = this.#base + start;
    }
    spans[spans.length - 1] = this.#base + end;
  }

  onBody(start: number, end: number): void {
    this.data.push(this.#base + start, this.#base + end);
  }

  onHeadersComplete(): number {
    return this.#inTrailers ? 0 : HPE.PAUSED;
  }

  onMessageComplete(): number {
    return HPE.PAUSED;
  }

  /** Whether every chunk size in what was just read has 16 digits at the most; llhttp counts no leading zeros. */
  #checkSizes(chunk: Buffer, start: number): boolean {
    const { data } = this;
    let from = start;
    for (let i = 0; i < data.length; i += 2) {
      if (!this.#checkSizeLine(chunk, from, data[i] as number)) return false;
      from = data[i + 1] as number;
      // Data may come in pieces; only what follows its last one is a line break.
      this.#sizeLine = BEHIND_DATA;
      this.#sizeDigits = 0;
    }
    return this.#checkSizeLine(chunk, from, start + this.consumed);
  }

  #checkSizeLine(chunk: Buffer, from: number, to: number): boolean {
    for (let i = from; i < to && this.#sizeLine !== SIZE_READ; i++) {
      const code = chunk[i];
      if (this.#sizeLine === BEHIND_DATA) {
        if (code === 0x0a) this.#sizeLine = IN_SIZE;
      } else if (code === 0x0d || code === 0x3b) {
        this.#sizeLine = SIZE_READ;
      } else if (++this.#sizeDigits > 16) {
        return false;
      }
    }
    return true;
  }

  /** The most octets between two pieces of data that are neither data nor trailers, up to where the last call got. */
  #countOverhead(start: number): number {
    const { data } = this;
    let most = 0;
    let from = start - this.#overhead;
    for (let i = 0; i < data.length; i += 2) {
      most = Math.max(most, (data[i] as number) - from);
      from = data[i + 1] as number;
    }
    this.#overhead = start + this.consumed - from;
    return Math.max(most, this.#overhead - this.trailerBytes - 4 * this.trailerCount);
  }

  #trailerField(start: number, end: number): void {
    const piece = this.#chunk?.latin1Slice(this.#base + start, this.#base + end) ?? '';
    this.trailerBytes += piece.length;
    const names = (this.#trailerNames ??= []);
    const values = (this.#trailerValues ??= []);
    if (values.length === names.length) {
      names.push(piece);
      this.trailerCount++;
    } else {
      names[names.length - 1] += piece;
    }
  }

  #trailerValue(start: number, end: number): void {
    const piece = this.#chunk?.latin1Slice(this.#base + start, this.#base + end) ?? '';
    this.trailerBytes += piece.length;
    const names = (this.#trailerNames ??= []);
    const values = (this.#trailerValues ??= []);
    if (values.length < names.length) values.push(piece);
    else values[values.length - 1] += piece;
  }

  #fail(code: number, chunk: Buffer, start: number): number {
    this.errorCode = code;
    this.errorReason = this.#llhttp.reason(this.#parser);
    // The octet at which the parser stopped tells an unknown method from garbage. No more than that one: the answer must
    // not depend on how much the same read happened to bring.
    const at = start + this.consumed;
    if (!this.#inTrailers && at < chunk.length) this.text += chunk.latin1Slice(at, at + 1);
    return FAILED;
  }

  /** An idle connection, and one that relays a body of known length, holds no parser. */
  #rest(): void {
    this.#overhead = 0;
    this.#sizeLine = IN_SIZE;
    this.#sizeDigits = 0;
    this.close();
  }
}

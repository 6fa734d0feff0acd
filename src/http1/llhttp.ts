import { createRequire } from 'node:module';

/**
 * llhttp, Node's own HTTP/1 parser, as the WebAssembly build inside the `undici` package. This file is the only one
 * that knows where it lies and how it is called; `llhttp.test.ts` fails when either changes.
 */
export interface LlhttpEvents {
  /** Offsets are into the octets handed to {@link Llhttp.execute}. Spans may come in several pieces. */
  onUrl(start: number, end: number): void;
  onHeaderField(start: number, end: number): void;
  onHeaderValue(start: number, end: number): void;
  onBody(start: number, end: number): void;
  /** @returns `PAUSED` to stop right behind the head. */
  onHeadersComplete(): number;
  /** @returns `PAUSED` to stop right behind the message. */
  onMessageComplete(): number;
}

/** What a parser reads. */
export const REQUEST = 1;
export const RESPONSE = 2;

/** Error codes of llhttp that this project tells apart (llhttp.h, `HPE_…`). */
export const HPE = {
  OK: 0,
  INVALID_METHOD: 6,
  INVALID_URL: 7,
  INVALID_VERSION: 9,
  INVALID_CONTENT_LENGTH: 11,
  INVALID_CHUNK_SIZE: 12,
  INVALID_TRANSFER_ENCODING: 15,
  PAUSED: 21,
  PAUSED_UPGRADE: 22,
  PAUSED_H2_UPGRADE: 23,
} as const;

interface LlhttpExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_resume(parser: number): void;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_status_code(parser: number): number;
}

/** The largest piece handed to the parser at once, in octets: what one read of a socket brings. */
const INPUT_SIZE = 64 * 1024;

/** One WebAssembly instance. One a thread is enough: parsers are small structs inside it. */
export class Llhttp {
  readonly #wasm: LlhttpExports;
  readonly #input: number;
  #octets: Uint8Array;
  /** Parsers at rest, by type, so that an idle connection holds none. */
  readonly #resting: Record<number, number[]> = { [REQUEST]: [], [RESPONSE]: [] };
  #events: LlhttpEvents | undefined;
  /** How many octets the last {@link execute} took. */
  consumed = 0;

  constructor() {
    const load = createRequire(import.meta.url);
    const bytes: unknown = load('undici/lib/llhttp/llhttp_simd-wasm.js');
    if (!(bytes instanceof Uint8Array)) throw new TypeError('undici no longer ships llhttp where it used to');
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), {
      env: this.#imports(),
    });
    // The exports' shape is llhttp's C interface; the test beside this file calls each of them.
    this.#wasm = instance.exports as LlhttpExports;
    this.#wasm._initialize();
    this.#input = this.#wasm.malloc(INPUT_SIZE);
    this.#octets = new Uint8Array(this.#wasm.memory.buffer, this.#input, INPUT_SIZE);
  }

  /** Lends a parser in its initial state. */
  acquire(type: typeof REQUEST | typeof RESPONSE): number {
    return this.#resting[type]?.pop() ?? this.#wasm.llhttp_alloc(type);
  }

  /** Takes a parser back. */
  release(type: typeof REQUEST | typeof RESPONSE, parser: number): void {
    this.#wasm.llhttp_reset(parser);
    const resting = this.#resting[type];
    if (resting !== undefined && resting.length < 256) resting.push(parser);
    else this.#wasm.llhttp_free(parser);
  }

  /**
   * Feeds octets, 64 KiB at the most; `consumed` then says how far it got.
   * @returns an llhttp error code: `OK`, `PAUSED` (an event asked for it; the parser goes on where it stopped), or an error.
   */
  execute(parser: number, events: LlhttpEvents, data: Uint8Array, start: number): number {
    const wasm = this.#wasm;
    const length = Math.min(data.length - start, INPUT_SIZE);
    // Memory that grew has left the old view detached.
    if (this.#octets.length === 0) this.#octets = new Uint8Array(wasm.memory.buffer, this.#input, INPUT_SIZE);
    this.#octets.set(start === 0 && length === data.length ? data : data.subarray(start, start + length));
    this.#events = events;
    const code = wasm.llhttp_execute(parser, this.#input, length);
    this.#events = undefined;
    if (code === HPE.OK) {
      this.consumed = length;
      return code;
    }
    const position = wasm.llhttp_get_error_pos(parser);
    this.consumed = position === 0 ? length : position - this.#input;
    if (code === HPE.PAUSED) wasm.llhttp_resume(parser);
    return code;
  }

  /** llhttp's own words for the last error. */
  reason(parser: number): string {
    const at = this.#wasm.llhttp_get_error_reason(parser);
    if (at === 0) return '';
    const octets = new Uint8Array(this.#wasm.memory.buffer);
    let end = at;
    while (octets[end] !== 0) end++;
    return Buffer.from(octets.subarray(at, end)).toString('latin1');
  }

  versionMajor(parser: number): number {
    return this.#wasm.llhttp_get_http_major(parser);
  }

  versionMinor(parser: number): number {
    return this.#wasm.llhttp_get_http_minor(parser);
  }

  status(parser: number): number {
    return this.#wasm.llhttp_get_status_code(parser);
  }

  #imports(): Record<string, (parser: number, at: number, length: number) => number> {
    return {
      wasm_on_message_begin: () => 0,
      wasm_on_status: () => 0,
      wasm_on_url: (_parser, at, length) => {
        this.#events?.onUrl(at - this.#input, at - this.#input + length);
        return 0;
      },
      wasm_on_header_field: (_parser, at, length) => {
        this.#events?.onHeaderField(at - this.#input, at - this.#input + length);
        return 0;
      },
      wasm_on_header_value: (_parser, at, length) => {
        this.#events?.onHeaderValue(at - this.#input, at - this.#input + length);
        return 0;
      },
      wasm_on_body: (_parser, at, length) => {
        this.#events?.onBody(at - this.#input, at - this.#input + length);
        return 0;
      },
      wasm_on_headers_complete: () => this.#events?.onHeadersComplete() ?? 0,
      wasm_on_message_complete: () => this.#events?.onMessageComplete() ?? 0,
    };
  }
}

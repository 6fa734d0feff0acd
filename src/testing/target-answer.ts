import type { RecordedRequest } from './recorded-request.ts';

/** Header lines as pairs, or as an object when no name comes twice. */
export type AnswerHeaders = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** An answer that a fake service gives. */
export interface TargetResponse {
  /** 200 when left out. */
  readonly status?: number;
  readonly headers?: AnswerHeaders;
  /**
   * The body; chunk by chunk as they come, where it is an iterable. A text or octets have a `Content-Length`, and
   * chunks `Transfer-Encoding: chunked`, unless the headers say otherwise.
   */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** The body as JSON, with its `Content-Type`; in place of `body`. */
  readonly json?: unknown;
  /** Milliseconds of the gateway's clock before anything of it is sent. */
  readonly delay?: number;
  /** The connection is lost behind what there is of the body, which was announced to be longer. */
  readonly cut?: boolean;
}

/** Octets that are sent as they are, in place of an answer; then the connection is closed. */
export interface RawAnswer {
  /** A text is latin1. */
  readonly raw: string | Uint8Array;
}

/**
 * What a target does in place of an answer:
 * - `reset`: the connection is reset as soon as the head of the request has come;
 * - `close`: it is closed then, without an octet;
 * - `silent`: it stays open, and nothing comes.
 */
export type BrokenAnswer = 'reset' | 'close' | 'silent';

/**
 * What happens to a connection before there is a request:
 * - `refuse`: it is refused (ECONNREFUSED);
 * - `unreachable`: nothing answers, until the gateway's time to connect is over.
 */
export type BrokenConnection = 'refuse' | 'unreachable';

/** What a request is answered with, or what happens in place of that. */
export type AnswerTo = TargetResponse | RawAnswer | BrokenAnswer;

/** Answers a request once the whole of it has come. */
export type TargetFunction = (request: RecordedRequest) => AnswerTo | Promise<AnswerTo>;

/** How a fake target answers a request. */
export type TargetAnswer = AnswerTo | BrokenConnection | TargetFunction;

/** The body as octets, or the chunks that it comes in. */
export function bodyOf({ body, json }: TargetResponse): Uint8Array | AsyncIterable<string | Uint8Array> {
  if (json !== undefined) return Buffer.from(JSON.stringify(json));
  if (body === undefined) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body);
  // Tests may be written without types.
  if (typeof body !== 'object' || body === null || !(body instanceof Uint8Array || isIterable(body)))
    throw new TypeError(
      'the body of an answer is a text, octets or chunks of them: anything else goes under `json`',
    );
  return body;
}

function isIterable(body: object): boolean {
  return Symbol.asyncIterator in body || Symbol.iterator in body;
}

/** The header lines of an answer, with those that its body asks for. */
export function linesOf({ headers = {}, json }: TargetResponse): [name: string, value: string][] {
  const lines = [...(isPairs(headers) ? headers : Object.entries(headers))].map(
    ([name, value]): [string, string] => [name, value],
  );
  const hasType = lines.some(([name]) => name.toLowerCase() === 'content-type');
  if (json !== undefined && !hasType) lines.push(['Content-Type', 'application/json']);
  return lines;
}

/** What a target answers that nobody has told what to: what it got. */
export const echo: TargetFunction = ({ target, method, url, headers, text }) => ({
  json: { target, method, url, headers: headers.pairs, body: text },
});

function isPairs(headers: AnswerHeaders): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}

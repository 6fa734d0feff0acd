import type { StoredAnswer } from '../../core/answer-store.ts';
import { readAnswer, writeAnswer } from './answer-text.ts';

/** An answer as it is kept. */
export interface KeptAnswer {
  readonly answer: StoredAnswer;
  /** Milliseconds since the epoch, from which on it is of no use. */
  readonly until: number;
  /** Octets of memory that it takes, all told. */
  readonly bytes: number;
}

/**
 * What an answer takes beyond its texts and its body: objects, lists, places in tables, and the memory that the allocator
 * adds. Measured with `bench/micro/answers.ts`, and rounded up.
 */
const ANSWER_OVERHEAD = 2100;

/** The same for each line of the head. */
const LINE_OVERHEAD = 112;

/**
 * An answer in memory of its own: texts are parts of larger ones where they were cut out of what a socket read, and so are
 * bodies, and would keep all of that alive.
 * @throws TypeError when it is not what its type says.
 */
export function keep(key: string, answer: StoredAnswer, until: number): KeptAnswer {
  const text = writeAnswer(key, answer, until);
  const own = readAnswer(text);
  if (own === undefined) throw new TypeError('this is no answer');
  const { head, place, requestTime } = own;
  const body = ownBody(answer.body);
  const lines = head.lines.length + head.vary.length + head.tags.length;
  return {
    answer: { head, body, place, requestTime },
    until,
    bytes: body.byteLength + textBytes(text) + ANSWER_OVERHEAD + lines * LINE_OVERHEAD,
  };
}

/** Whether one answer takes the place of another: the same selecting headers, and the same part of the whole. */
export function isSameVariant({ head: one }: StoredAnswer, { head: other }: StoredAnswer): boolean {
  return variantName(one) === variantName(other);
}

/** What tells variants under one key apart. */
export function variantName({ vary, part }: StoredAnswer['head']): string {
  const bounds = part === undefined ? [] : [part.first, part.last, part.length];
  return JSON.stringify([vary, bounds]);
}

function ownBody(body: Uint8Array): Uint8Array {
  if (body.byteLength === body.buffer.byteLength && body.buffer instanceof ArrayBuffer) return body;
  return Uint8Array.from(body);
}

/** V8 keeps a text with one octet a character if it can, with two if it must. */
function textBytes(text: string): number {
  return /^[\0-\xff]*$/.test(text) ? text.length : 2 * text.length;
}

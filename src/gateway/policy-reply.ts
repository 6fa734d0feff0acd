import type { Reply } from '../core/exchange.ts';
import { isBodyFeed, type BodyFeed } from '../core/reply-body.ts';
import { isFieldName, isFieldValue } from '../http/field.ts';
import { HeaderList } from '../http/header-list.ts';
import { inTheLog, NonsenseError } from './policy-failure.ts';

/** Framing and connection are the engine's alone; neither a policy's reply nor its edits of an answer can set them. */
export const ownedInAnswers: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
]);

/** The same for requests, where the host and the upgrade are the route's as well. */
export const ownedInRequests: ReadonlySet<string> = new Set([
  ...ownedInAnswers,
  'expect',
  'host',
  'te',
  'upgrade',
]);

/** What follows the head of an answer of our own. */
export type AnswerBody = Uint8Array | BodyFeed;

/** A {@link Reply} that is what it says. */
export interface CheckedReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: AnswerBody | undefined;
  readonly code: string | undefined;
}

/** More lines than any client takes; a list that has no end must not hold the event loop. */
const MOST_LINES = 1000;

/**
 * Takes a policy's reply apart. Policies may be written without types, so that nothing is taken for granted.
 * @throws NonsenseError saying what is wrong with it, or whatever looking at it throws.
 */
export function checkReply(reply: Reply): CheckedReply {
  if (typeof reply !== 'object' || reply === null)
    throw new NonsenseError(`${inTheLog(reply)} in place of a reply or nothing`);
  const { status, headers, code } = reply;
  if (!isFinalStatus(status))
    throw new NonsenseError(
      `a reply whose status is ${inTheLog(status)}: it is a whole number from 200 to 599`,
    );
  const body = answerBody(reply.body);
  const word = typeof code === 'string' ? code : undefined;
  if (reply.checked === true && headers instanceof HeaderList) return { status, headers, body, code: word };
  return { status, headers: checkLines(headers), body, code: word };
}

function checkLines(lines: Reply['headers'] = []): HeaderList {
  const list = new HeaderList();
  if (typeof lines !== 'object' || lines === null || !(Symbol.iterator in lines))
    throw new NonsenseError(`a reply whose headers are ${inTheLog(lines)}: they are a list of [name, value]`);
  let count = 0;
  for (const pair of lines) {
    if (++count > MOST_LINES) throw new NonsenseError(`a reply with more than ${MOST_LINES} header lines`);
    if (!Array.isArray(pair))
      throw new NonsenseError(`a reply with ${inTheLog(pair)} in place of a header line`);
    const [name, value]: readonly unknown[] = pair;
    if (typeof name !== 'string' || typeof value !== 'string' || !isWritable(name, value))
      throw new NonsenseError(`a reply with the malformed header ${inTheLog(name)}`);
    if (!ownedInAnswers.has(name.toLowerCase())) list.append(name, value);
  }
  return list;
}

/** Whether it may be written as a header line; policies may be written without types. */
export function isWritable(name: unknown, value: unknown): boolean {
  return typeof name === 'string' && typeof value === 'string' && isFieldName(name) && isFieldValue(value);
}

/** Whether an answer may have that status: a whole number from 200 to 599. */
export function isFinalStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599;
}

/**
 * The body of a policy's answer, ready to be sent.
 * @throws NonsenseError when it is none.
 */
export function answerBody(body: unknown): AnswerBody | undefined {
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body instanceof Uint8Array || isFeed(body)) return body;
  throw new NonsenseError(`${inTheLog(body)} as a body: it is a string, a Uint8Array or a BodyFeed`);
}

function isFeed(body: unknown): body is BodyFeed {
  if (!isBodyFeed(body)) return false;
  const length: unknown = body.length;
  if (length === undefined || (Number.isSafeInteger(length) && (length as number) >= 0)) return true;
  throw new NonsenseError(`a BodyFeed whose length is ${inTheLog(length)}: it is a whole number of octets`);
}

/** Octets of a body of ours; −1 when it comes as it is made. */
export function lengthOf(body: AnswerBody | undefined): number {
  if (isBodyFeed(body)) return body.length ?? -1;
  return body?.length ?? 0;
}

import type { Reply } from '../core/exchange.ts';
import { isBodyFeed, type BodyFeed } from '../core/reply-body.ts';
import { isFieldName, isFieldValue } from '../http/field.ts';
import { HeaderList } from '../http/header-list.ts';

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
}

/**
 * Takes a policy's reply apart. Policies may be written without types, so that nothing is taken for granted.
 * @throws TypeError or RangeError saying what is wrong with it.
 */
export function checkReply(reply: Reply): CheckedReply {
  const { status, headers, body } = reply;
  if (!isFinalStatus(status)) throw new RangeError(`a reply with the status ${String(status)}`);
  if (reply.checked === true && headers instanceof HeaderList)
    return { status, headers, body: answerBody(body) };
  const list = new HeaderList();
  for (const pair of headers ?? []) {
    const [name, value]: readonly unknown[] = pair;
    if (typeof name !== 'string' || typeof value !== 'string' || !isFieldName(name) || !isFieldValue(value)) {
      throw new TypeError(`a reply with the malformed header ${JSON.stringify(name)}`);
    }
    if (!ownedInAnswers.has(name.toLowerCase())) list.append(name, value);
  }
  return { status, headers: list, body: answerBody(body) };
}

/** Whether an answer may have that status: a whole number from 200 to 599. */
export function isFinalStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599;
}

/**
 * The body of a policy's answer, ready to be sent.
 * @throws TypeError when it is none.
 */
export function answerBody(body: unknown): AnswerBody | undefined {
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body instanceof Uint8Array || isBodyFeed(body)) return body;
  throw new TypeError('a reply whose body is neither a string, nor a Uint8Array, nor a BodyFeed');
}

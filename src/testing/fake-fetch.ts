import { type Clock, startTimer, systemClock } from '../core/clock.ts';
import type { Fetch, FetchedAnswer, FetchRequest } from '../core/fetch.ts';
import { RecordedHeaders, RecordedRequest } from './recorded-request.ts';
import { type AnswerTo, bodyOf, linesOf, type TargetAnswer, type TargetResponse } from './target-answer.ts';

/** What policies fetch, by its URL, with or without its query. A text or octets are the body of a 200, but for the words of `TargetAnswer`. */
export type FakeDocuments = Readonly<Record<string, Exclude<TargetAnswer, string> | string | Uint8Array>>;

/** A fetch that reaches nothing but these documents, and what was asked of it. */
export interface FakeFetch {
  readonly fetch: Fetch;
  readonly requests: readonly RecordedRequest[];
  /** How many wait for their answer. */
  readonly waiting: number;
}

const broken: ReadonlySet<unknown> = new Set(['refuse', 'unreachable', 'reset', 'close', 'silent']);

/** Makes a fetch out of documents; the first list that has a URL answers. */
export function fakeFetch(lists: readonly FakeDocuments[], clock: Clock = systemClock): FakeFetch {
  const requests: RecordedRequest[] = [];
  const state = { waiting: 0 };
  return {
    requests,
    get waiting() {
      return state.waiting;
    },
    fetch: async (url, request) => {
      const document = documentOf(lists, url);
      const recorded = recordedOf(url, request);
      requests.push(recorded);
      state.waiting++;
      try {
        return await within(request.timeout, clock, answerOf(document, recorded, request, clock));
      } finally {
        state.waiting--;
      }
    },
  };
}

function documentOf(lists: readonly FakeDocuments[], url: string): FakeDocuments[string] {
  const bare = url.replace(/\?.*$/s, '');
  for (const list of lists) {
    for (const key of [url, bare]) {
      const document = Object.hasOwn(list, key) ? list[key] : undefined;
      if (document !== undefined) return document;
    }
  }
  const known = lists.flatMap((list) => Object.keys(list));
  const there = known.length === 0 ? 'there is nothing to fetch' : `there is only ${known.join(', ')}`;
  throw new Error(
    `this test fetches nothing from ${url}: ${there}; add it to \`fetch\` of the test, or its issuer to \`issuers\``,
  );
}

function recordedOf(url: string, { method = 'GET', headers = [], body }: FetchRequest): RecordedRequest {
  const request = new RecordedRequest({
    target: new URL(url).origin,
    method,
    url,
    headers: new RecordedHeaders([...headers]),
    rawHead: '',
  });
  request.body = typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array());
  request.complete = true;
  return request;
}

async function answerOf(
  document: FakeDocuments[string],
  recorded: RecordedRequest,
  { maxBytes }: FetchRequest,
  clock: Clock,
): Promise<FetchedAnswer> {
  const answer = typeof document === 'function' ? await document(recorded) : document;
  if (typeof answer === 'string' && broken.has(answer)) return breakOff(answer, recorded.url);
  if (typeof answer === 'string' || answer instanceof Uint8Array) return answered({ body: answer }, maxBytes);
  const response = responseOf(answer, recorded.url);
  if (response.delay !== undefined) await pause(clock, response.delay);
  if (response.cut === true) throw new Error(`the answer of ${recorded.url} breaks off`);
  return answered(response, maxBytes);
}

/** What `silent` and `unreachable` are: nothing, until the time is over. */
function breakOff(how: string, url: string): Promise<never> {
  if (how === 'silent' || how === 'unreachable') return new Promise<never>(() => undefined);
  const code = how === 'refuse' ? 'ECONNREFUSED' : 'ECONNRESET';
  return Promise.reject(Object.assign(new Error(`${code} ${url}`), { code }));
}

function responseOf(answer: Exclude<AnswerTo, string> | string, url: string): TargetResponse {
  if (typeof answer !== 'string' && !('raw' in answer)) return answer;
  throw new TypeError(
    `what is fetched from ${url} has a status, header lines and a body, and no octets of a connection`,
  );
}

async function answered(response: TargetResponse, maxBytes: number): Promise<FetchedAnswer> {
  const given = bodyOf(response);
  const chunks: Uint8Array[] = [];
  if (given instanceof Uint8Array) chunks.push(given);
  else for await (const chunk of given) chunks.push(Buffer.from(chunk));
  const body = new Uint8Array(Buffer.concat(chunks));
  if (body.length > maxBytes) throw new RangeError(`the answer is larger than ${maxBytes} octets`);
  const headers = linesOf(response).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return { status: response.status ?? 200, headers, body };
}

function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(clock, milliseconds, resolve);
  });
}

async function within<Value>(milliseconds: number, clock: Clock, promise: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = startTimer(clock, milliseconds, () => {
    reject(new DOMException(`no complete answer within ${milliseconds} ms`, 'TimeoutError'));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}

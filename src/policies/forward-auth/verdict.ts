import { isConsumerId } from '../../core/claimed-consumer.ts';
import type { Consumer, Reply } from '../../core/exchange.ts';
import type { FetchedAnswer } from '../../core/fetch.ts';
import { isFieldValue, trimOws } from '../../http/field.ts';
import type { ForwardAuthOptions } from './options.ts';

type Line = readonly [name: string, value: string];

/** What the service says of a request. */
export type Verdict =
  | { readonly kind: 'passes'; readonly headers: readonly Line[]; readonly consumer: Consumer | undefined }
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** There is no answer, or none that can be relied on. The reason is for the log. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** How answers are read. */
export type AnswerRules = Pick<
  ForwardAuthOptions,
  | 'responseHeaders'
  | 'consumerHeader'
  | 'groupsHeader'
  | 'scopesHeader'
  | 'optional'
  | 'redirects'
  | 'refusalHeaders'
>;

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Reads an answer. What is not clearly a verdict is none. */
export function readVerdict(answer: FetchedAnswer, rules: AnswerRules): Verdict {
  const { status } = answer;
  const refuses = status === 401 || status === 403 || (rules.redirects && redirectStatuses.has(status));
  if (refuses) return readRefusal(answer, rules);
  if (status < 200 || status > 299) return unavailable(`it answered ${status}`);
  const headers: Line[] = [];
  for (const name of rules.responseHeaders) {
    const values = valuesOf(answer, name);
    if (!values.every(isFieldValue)) return unavailable(`${name} is malformed`);
    if (values.length > 0) headers.push([name, values.join(', ')]);
  }
  if (rules.consumerHeader === undefined) return { kind: 'passes', headers, consumer: undefined };
  const consumer = readConsumer(answer, rules.consumerHeader, rules);
  return typeof consumer === 'string' ? unavailable(consumer) : { kind: 'passes', headers, consumer };
}

/** There is no verdict. */
export function unavailable(reason: string): Verdict & { readonly kind: 'unavailable' } {
  return { kind: 'unavailable', reason };
}

function readRefusal(answer: FetchedAnswer, { refusalHeaders }: AnswerRules): Verdict {
  const { status, body } = answer;
  const headers: Line[] = [];
  const chosen = new Set(refusalHeaders.map((name) => name.toLowerCase()));
  if (body.length > 0) chosen.add('content-type');
  for (const [name, value] of answer.headers) {
    if (!chosen.has(name)) continue;
    if (!isFieldValue(value)) return unavailable(`${name} is malformed`);
    headers.push([name, value]);
  }
  if (status < 400 && !headers.some(([name]) => name === 'location'))
    return unavailable(`it answered ${status} without a Location`);
  // It is about this client at this moment.
  if (!chosen.has('cache-control')) headers.push(['cache-control', 'no-store']);
  return { kind: 'refused', reply: { status, headers, body } };
}

/** @returns a text when the answer does not say who it is, or says it twice. */
function readConsumer(
  answer: FetchedAnswer,
  name: string,
  { groupsHeader, scopesHeader, optional }: AnswerRules,
): Consumer | string | undefined {
  const [value, second] = valuesOf(answer, name);
  if (second !== undefined) return `${name} stands there twice`;
  if (value === undefined || value === '') return optional ? undefined : `${name} names nobody`;
  const id = decoded(value);
  if (!isConsumerId(id)) return `${name} is malformed`;
  const groups = groupsHeader === undefined ? [] : wordsOf(answer, groupsHeader, ',');
  const scopes = scopesHeader === undefined ? [] : wordsOf(answer, scopesHeader, /[ ,]/);
  return Object.freeze({ id, groups, scopes });
}

function wordsOf(answer: FetchedAnswer, name: string, separator: string | RegExp): readonly string[] {
  const words = valuesOf(answer, name).flatMap((value) => decoded(value).split(separator));
  return Object.freeze(words.map((word) => trimOws(word)).filter((word) => word !== ''));
}

function valuesOf({ headers }: FetchedAnswer, name: string): string[] {
  const lower = name.toLowerCase();
  return headers.filter(([each]) => each === lower).map(([, value]) => value);
}

/** The text of a header that is not ASCII: UTF-8 if it can be. */
function decoded(value: string): string {
  const octets = Buffer.from(value, 'latin1');
  const text = octets.toString();
  return Buffer.from(text).equals(octets) ? text : value;
}

import type { RunningExchange } from '../gateway/exchange-context.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import type { RecordedRequest } from '../testing/recorded-request.ts';
import type { Answered } from './ask-in-memory.ts';
import type { Observation, SentRequest } from './observation.ts';

/** A request that a service got. */
export interface HeardRequest {
  readonly upstream: string;
  readonly request: RecordedRequest;
}

/** What was heard of one request in a test. */
export interface Heard {
  /** Undefined where it was no request at all. */
  readonly exchange?: RunningExchange;
  readonly record?: AccessRecord;
  readonly sent: readonly HeardRequest[];
  readonly unanswered: readonly string[];
  readonly failures: readonly string[];
}

/** What became of a request, out of its answer and what was heard of it. */
export function observationOf(answered: Answered, heard: Heard): Observation {
  const { exchange, record } = heard;
  const route = exchange?.routeName ?? '';
  return {
    route: route === '' ? null : route,
    policies: askedOf(exchange),
    answeredBy: answeredBy(exchange),
    consumer: exchange?.consumer?.id,
    error: answered.refused ?? record?.error,
    detail: record?.detail,
    sent: heard.sent.map(sentRequest),
    status: answered.status,
    headers: answered.headers,
    body: answered.body,
    unanswered: heard.unanswered,
    failures: heard.failures,
  };
}

/** The names of the policies that were reached. */
function askedOf(exchange: RunningExchange | undefined): string[] {
  if (exchange === undefined) return [];
  return exchange.route.policies.slice(0, exchange.course.asked).map(({ name }) => name);
}

function answeredBy(exchange: RunningExchange | undefined): string {
  if (exchange === undefined) return 'gateway';
  const { course, outcome, route } = exchange;
  if (course.answeredAt !== -1) return route.policies[course.answeredAt]?.name ?? 'gateway';
  return outcome.error === undefined && outcome.target !== undefined ? 'target' : 'gateway';
}

function sentRequest({ upstream, request }: HeardRequest): SentRequest {
  const { target, method, url, headers, text } = request;
  return { upstream, target, line: `${method} ${url}`, headers: headers.pairs, body: text };
}

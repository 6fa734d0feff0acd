import { RequestParser } from '../../kit/request-parser.ts';
import type { RecordedRequest } from '../../kit/request-parser.ts';
import { bytesOfSteps } from './cases.ts';
import type { Vector } from './cases.ts';
import type { Observation, StepOutcome } from './run-case.ts';

/** What the source of a case says about an outcome. */
export type Score = 'pass' | 'warn' | 'fail';

/** What a case says about the proxy. */
export interface Verdict {
  readonly score: Score;
  /** Why the outcome is not safe as the vectors define it; empty when it is. */
  readonly unsafe: readonly string[];
  /** What else must not be, whatever the class of the case: ours, on top of the vectors' definition. */
  readonly unclean: readonly string[];
  /** The outcome in a few words. */
  readonly outcome: string;
}

/** Judges what was seen of a case. */
export function judge(wanted: Vector, seen: Observation): Verdict {
  return {
    score: score(wanted, seen),
    unsafe: unsafe(wanted, seen),
    unclean: unclean(wanted, seen),
    outcome: describe(seen),
  };
}

function score({ expect }: Vector, seen: Observation): Score {
  if (expect.class === 'sequence') {
    const verdict = expect.outcomes[sequenceOutcome(seen)] ?? 'fail';
    return verdict === 'error' ? 'fail' : verdict;
  }
  const [step] = seen.steps;
  if (step === undefined) return 'fail';
  if (expect.pass.some((item) => matches(item, step))) return 'pass';
  return expect.warn.some((item) => matches(item, step)) ? 'warn' : 'fail';
}

/** Whether an outcome is what an item of `pass` or `warn` says: `400`, `4xx`, `400+close`, `close`, `timeout`. */
function matches(item: string, { responses, interimOnly, closed, malformed }: StepOutcome): boolean {
  const status = responses[0]?.status ?? interimOnly[0];
  if (malformed !== undefined && status === undefined) return false;
  if (item === 'close') return status === undefined && closed;
  if (item === 'timeout') return status === undefined && !closed;
  if (status === undefined) return false;
  const [code, close] = item.split('+');
  if (close === 'close' && !closed) return false;
  return code === String(status) || code === `${Math.floor(status / 100)}xx`;
}

function sequenceOutcome({ steps }: Observation): string {
  const [first, second] = steps;
  const status = first?.responses[0]?.status;
  if (first === undefined || status === undefined) {
    return first?.closed === true ? 'step1 closed without response' : 'step1 no response (timeout)';
  }
  if (first.responses.length > 1) return 'two responses to step1';
  const after = second?.responses[0]?.status;
  const then = after === undefined ? 'closed' : after < 300 ? '2xx' : after === 304 ? '304' : '400';
  if (status >= 400)
    return first.closed || then === 'closed' ? 'step1 400+close' : `step1 400, kept open, step2 ${then}`;
  if (first.closed) return 'step1 2xx then close';
  return `step1 2xx open, step2 ${then}`;
}

/** The vectors' own definition of what is not safe. */
function unsafe(wanted: Vector, seen: Observation): string[] {
  const why: string[] = [];
  const { expect, invariants } = wanted;
  const [first] = seen.steps;
  const status = first?.responses[0]?.status;
  const reached = seen.requests.length;
  const atMost = (most: number): void => {
    if (reached > most) why.push(`${reached} requests reached the target`);
  };
  if (expect.class === 'accept' && !(status !== undefined && status >= 200 && status < 300))
    why.push('no 2xx');
  if (expect.class === 'either') atMost(1);
  if (expect.class === 'safe') why.push(...ambiguities(seen.requests));
  if (expect.class === 'wait' && (status !== undefined || first?.closed === true)) why.push('did not wait');
  if (expect.class === 'reject') {
    atMost(0);
    if (status !== undefined && status < 400) why.push(`answered ${status}`);
  }
  if (expect.class === 'sequence' && score(wanted, seen) === 'fail') why.push(sequenceOutcome(seen));
  if (invariants?.origin_max_requests !== undefined) atMost(invariants.origin_max_requests);
  if (invariants?.origin_clean === true) why.push(...ambiguities(seen.requests));
  return [...new Set(why)];
}

function unclean(wanted: Vector, seen: Observation): string[] {
  const why = ambiguities([...seen.requests, ...seen.brokenOff]);
  if (seen.strayAtTarget > 0) why.push('stray bytes between requests at the target');
  if (seen.nextClient !== undefined) why.push(`the next client got ${seen.nextClient}`);
  for (const { malformed } of seen.steps)
    if (malformed !== undefined) why.push(`malformed answer: ${malformed}`);
  if (wanted.expect.class === 'accept') why.push(...lostOnTheWay(wanted, seen));
  return [...new Set(why)];
}

function ambiguities(requests: readonly RecordedRequest[]): string[] {
  return requests.flatMap(({ irregularities }) => irregularities);
}

/** What a case that is to be accepted must bring through: its content, its cookies, and a Date in the answer. */
function lostOnTheWay(wanted: Vector, seen: Observation): string[] {
  const why: string[] = [];
  const sent = requestsIn(wanted)[0];
  const got = seen.requests[0];
  const response = seen.steps[0]?.responses[0];
  if (sent === undefined || got === undefined || response === undefined) return why;
  if (!got.body.equals(sent.body)) why.push('the content changed on the way');
  if (got.all('cookie').join('; ') !== sent.all('cookie').join('; '))
    why.push('the cookies changed on the way');
  // RFC 9110 §6.6.1: who has a clock adds a Date that the origin left out.
  if (response.header('date') === undefined) why.push('no Date');
  return why;
}

function requestsIn(wanted: Vector): readonly RecordedRequest[] {
  const parser = new RequestParser({ onHead() {}, onRequest() {} });
  for (const bytes of bytesOfSteps(wanted)) parser.push(bytes);
  return parser.requests;
}

function describe({ steps, requests, brokenOff, octetsAtTarget }: Observation): string {
  const answers = steps.map(({ responses, interimOnly, closed }) => {
    const statuses = [...interimOnly, ...responses.map(({ status }) => status)].join(' ') || 'no answer';
    return `${statuses}, ${closed ? 'closed' : 'open'}`;
  });
  return `${answers.join('; ')}; at the target ${requests.length} requests, ${brokenOff.length} broken off, ${octetsAtTarget} octets`;
}

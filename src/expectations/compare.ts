import { compareBody } from './compare-body.ts';
import { compareHeaders } from './compare-headers.ts';
import { compareText, type Difference } from './difference.ts';
import type { Observation, SentRequest } from './observation.ts';
import type { Expect, ExpectUpstream } from './schema/expect.ts';

/** Everything that is not as expected, in the order in which a request goes through a gateway. */
export function compare(expect: Expect, seen: Observation): Difference[] {
  const { route, policies, answeredBy, consumer, upstream, status, error, headers, body } = expect;
  return [
    ...(route === undefined ? [] : compareName(route, seen.route, 'no route', ['route'])),
    ...comparePolicies(policies, seen.policies),
    ...compareExactly(answeredBy, seen.answeredBy, ['answeredBy']),
    ...compareText(consumer, seen.consumer, ['consumer']),
    ...(upstream === undefined ? [] : compareUpstream(upstream, seen.sent)),
    ...compareExactly(status?.toString(), String(seen.status), ['status']),
    ...compareText(error, seen.error, ['error']),
    ...compareHeaders(headers, seen.headers, ['headers']),
    ...compareBody(body, seen.body, ['body']),
  ];
}

function compareUpstream(expect: ExpectUpstream, sent: readonly SentRequest[]): Difference[] {
  const path = ['upstream'];
  const last = sent.at(-1);
  if (expect.type === 'none')
    return last === undefined
      ? []
      : [{ path, expected: 'no request', found: `${last.line} to ${last.upstream}` }];
  if (last === undefined) {
    const expected = expect.upstream === undefined ? 'a request' : `a request to ${expect.upstream}`;
    return [{ path, expected, found: 'no request' }];
  }
  return [
    ...compareExactly(expect.upstream, last.upstream, [...path, 'upstream']),
    ...compareExactly(expect.target, last.target, [...path, 'target']),
    ...compareExactly(expect.attempts?.toString(), String(sent.length), [...path, 'attempts']),
    ...compareText(expect.request, last.line, [...path, 'request']),
    ...compareHeaders(expect.headers, last.headers, [...path, 'headers']),
    ...compareBody(expect.body, last.body, [...path, 'body']),
  ];
}

function comparePolicies(expected: readonly string[] | undefined, found: readonly string[]): Difference[] {
  if (expected === undefined) return [];
  const same = expected.length === found.length && expected.every((name, index) => name === found[index]);
  return same ? [] : [{ path: ['policies'], expected: listText(expected), found: listText(found) }];
}

function compareExactly(expected: string | undefined, found: string, path: Difference['path']): Difference[] {
  return expected === undefined || expected === found ? [] : [{ path, expected, found }];
}

function compareName(
  expected: string | null,
  found: string | null,
  none: string,
  path: Difference['path'],
): Difference[] {
  return expected === found ? [] : [{ path, expected: expected ?? none, found: found ?? none }];
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

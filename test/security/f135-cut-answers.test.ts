import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { answer, finish, play, requestComplete, reset, send } from '../kit/replies.ts';
import type { Step } from '../kit/replies.ts';
import { get, post, startUpstreamScene } from './upstream-scene.ts';
import type { Exchanged } from './upstream-scene.ts';

const body = 'the whole body';

/** An answer, as the target means it. */
interface Meant {
  readonly text: string;
  /** Octets of the head, with its empty line. */
  readonly head: number;
  /** Whether the end of the connection is the end of the body. */
  readonly untilClose: boolean;
}

function meant(line: string, coded: string): Meant {
  const head = `HTTP/1.1 200 OK\r\nX-A: b\r\n${line}\r\n`;
  return { text: head + coded, head: head.length, untilClose: line === '' };
}

const answers: Readonly<Record<string, Meant>> = {
  'with a length': meant(`Content-Length: ${body.length}\r\n`, body),
  'in chunks': meant(
    'Transfer-Encoding: chunked\r\n',
    '3\r\nthe\r\nb\r\n whole body\r\n0\r\nX-Sum: 1\r\n\r\n',
  ),
  'up to the end of the connection': meant('', body),
};
const requests = { GET: get, POST: post };
const endings = { finishes: finish, resets: reset };

/** The gateway has read what was sent before the end comes. */
const seen: Step = async () => {
  for (let turn = 0; turn < 3; turn++) await afterPoll();
};
const moments: Readonly<Record<string, Step>> = { 'at once': () => {}, 'a moment later': seen };

/** What has to come of an answer of which so many octets were sent. */
function assertRight(
  { outcome, record }: Exchanged,
  { text, head, untilClose }: Meant,
  at: number,
  cut: { readonly method: string; readonly how: string; readonly when: string },
): void {
  const where = `cut at ${at}: ${JSON.stringify(outcome)}`;
  const wellEnded =
    at === text.length ? !untilClose || cut.how === 'finishes' : untilClose && cut.how === 'finishes';
  if (at === 0 && cut.method === 'GET') {
    assert.ok(outcome.kind === 'response' && outcome.response.text === 'again', where);
    assert.deepEqual([record.status, record.attempts, record.error], [200, 2, undefined], where);
  } else if (at < head) {
    assert.ok(outcome.kind === 'response' && outcome.response.status === 502, where);
    assert.equal(record.error, at === 0 ? 'upstream_closed' : 'upstream_malformed', where);
    assert.equal(record.attempts, 1, where);
  } else if (wellEnded) {
    assert.ok(outcome.kind === 'response' && outcome.response.status === 200, where);
    assert.equal(outcome.response.text, untilClose ? text.slice(head, at) : body, where);
    assert.deepEqual([record.status, record.error], [200, undefined], where);
  } else {
    // Nobody may take what came so far for the whole. Before any of it has left, a 502 says so.
    const replaced = outcome.kind === 'response' && outcome.response.status === 502 && cut.when === 'at once';
    const brokenOff = outcome.kind === 'closed' && outcome.partial?.complete !== true;
    assert.ok(replaced || brokenOff, where);
    if (outcome.kind === 'closed') assert.ok(body.startsWith(outcome.partial?.text ?? ''), where);
    assert.deepEqual([record.status, record.error], [replaced ? 502 : 200, 'upstream_body_broken'], where);
  }
}

for (const [framing, whole] of Object.entries(answers)) {
  for (const [how, end] of Object.entries(endings)) {
    for (const [when, pause] of Object.entries(moments)) {
      for (const [method, bytes] of Object.entries(requests)) {
        test(`F135: a target ${how} ${when} behind any octet of its answer to a ${method} ${framing}`, async (t) => {
          // Each connection serves one exchange, so that its end is never that of one that rested.
          const scene = await startUpstreamScene(t, {}, { timeouts: { keepAlive: 0 } });
          for (let at = 0; at <= whole.text.length; at++) {
            const cut = play(requestComplete, send(whole.text.slice(0, at)), pause, end);
            const scripts = at === 0 && method === 'GET' ? [cut, answer({ body: 'again' })] : [cut];
            const asked = scene.target.requests.length;
            assertRight(await scene.ask(bytes, ...scripts), whole, at, { method, how, when });
            assert.equal(
              scene.target.requests.length,
              asked + scripts.length,
              `cut at ${at}: asked as often as right`,
            );
          }
          await scene.assertNextServed();
          assert.equal(scene.gateway.records.length, whole.text.length + 2, 'one record each');
        });
      }
    }
  }
}

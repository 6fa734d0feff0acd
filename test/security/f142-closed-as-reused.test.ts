import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { SeededRandom } from '../conformance/differential/seeded-random.ts';
import { connectClient } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { responseText } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { calm } from './upstream-scene.ts';

/** A long run: `WAYGATE_RACES=100000 npx node --test test/security/f142-closed-as-reused.test.ts`. */
const races = Number(process.env['WAYGATE_RACES'] ?? 3000);
const clients = 8;

const ways: readonly ((socket: Socket) => void)[] = [
  (socket) => void socket.end(),
  (socket) => void socket.destroy(),
  // Behind a FIN that is on its way Node cannot reset, and loses the handle.
  (socket) => void (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
];
const moments: readonly ((close: () => void) => void)[] = [
  (close) => close(),
  (close) => process.nextTick(close),
  (close) => void setImmediate(close),
  (close) => void setImmediate(() => setImmediate(close)),
  (close) => void setTimeout(close, 0),
  (close) => void setTimeout(close, 1),
  (close) => void setTimeout(close, 2),
];

interface Race {
  readonly target: RecordingTarget;
  readonly gateway: TestGateway;
  /** Connections that have answered everything that their target has seen of them. */
  readonly resting: Set<Socket>;
  /** How often each request has reached the target whole, by its path. */
  readonly arrivals: Map<string, number>;
}

/** A target that answers with the path, and closes what rests just when it is about to be used again. */
async function startRace(t: TestContext, random: SeededRandom): Promise<Race> {
  const arrivals = new Map<string, number>();
  const resting = new Set<Socket>();
  const script: Script = async ({ request, socket }) => {
    resting.delete(socket);
    await request.whole;
    // Who has closed its side reads on only to discard (RFC 9112 §9.6).
    if (!socket.writable) return;
    arrivals.set(request.target, (arrivals.get(request.target) ?? 0) + 1);
    socket.write(responseText({ body: request.target }), 'latin1');
    resting.add(socket);
    const close = random.pick(ways);
    // Some connections are closed in the moment, others rest until a client races their end.
    if (!random.chance(0.5)) return;
    random.pick(moments)(() => {
      if (resting.delete(socket)) close(socket);
    });
  };
  const target = await startRecordingTarget(t, { script, keepBytes: false });
  // What is tested is the race, not the budget.
  const gateway = await startGateway(t, routeTo(target, { ...calm, limits: { requestsPerConnection: 0 } }));
  return { target, gateway, resting, arrivals };
}

/** Sends so many requests one after the other on one connection, and hands each answer over. */
async function run(
  t: TestContext,
  { gateway, resting }: Race,
  random: SeededRandom,
  request: (path: string) => string,
  paths: readonly string[],
  judge: (path: string, status: number, body: string) => void,
): Promise<void> {
  const client = await connectClient(t, gateway.port);
  client.forgetReceived();
  for (const path of paths) {
    const closing = random.chance(0.5) && resting.size > 0 ? random.pick([...resting]) : undefined;
    if (closing !== undefined) resting.delete(closing);
    const close = random.pick(ways);
    // The end of the connection and the request are with the system together, in either order.
    const closesFirst = random.chance(0.5);
    if (closing !== undefined && closesFirst) close(closing);
    client.socket.write(request(path));
    if (closing !== undefined && !closesFirst) close(closing);
    const response = await client.response();
    judge(path, response.status, response.text);
    if (random.chance(0.2)) await afterPoll();
  }
  client.destroy();
}

for (const [method, body] of [
  ['GET', ''],
  ['PUT', 'hello'],
] as const) {
  test(`F142: not one of ${races} ${method} fails, though targets close connections just as they are used again`, async (t) => {
    const random = new SeededRandom(method.length);
    const race = await startRace(t, random);
    const request = (path: string): string =>
      `${method} ${path} HTTP/1.1\r\nHost: gw.test\r\n${body === '' ? '' : 'Content-Length: 5\r\n'}\r\n${body}`;
    const share = Math.ceil(races / clients);
    for (let done = 0; done < share; done += 100) {
      await Promise.all(
        Array.from({ length: clients }, async (_, client) => {
          const paths = Array.from(
            { length: Math.min(100, share - done) },
            (__, i) => `/${client}/${done + i}`,
          );
          await run(t, race, random, request, paths, (path, status, text) => {
            assert.deepEqual([status, text], [200, path]);
          });
        }),
      );
      race.target.forget();
    }
    const again = race.gateway.metric('waygate_retries_total');
    t.diagnostic(`${again} of ${races} were sent again`);
    assert.ok(again > races / 100, `only ${again} met a connection that was closing`);
    assert.equal(race.gateway.records.filter(({ error }) => error !== undefined).length, 0);
    assert.equal(race.gateway.metric('waygate_upstream_errors_total'), 0);
  });
}

test('F142: no POST is delivered twice', async (t) => {
  const random = new SeededRandom(3);
  const race = await startRace(t, random);
  const request = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 5\r\n\r\nhello`;
  let failed = 0;
  const share = Math.ceil(races / clients);
  for (let done = 0; done < share; done += 100) {
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const paths = Array.from(
          { length: Math.min(100, share - done) },
          (__, i) => `/${client}/${done + i}`,
        );
        await run(t, race, random, request, paths, (path, status, text) => {
          if (status === 502) failed++;
          else assert.deepEqual([status, text], [200, path]);
        });
      }),
    );
    race.target.forget();
  }
  const again = race.gateway.metric('waygate_retries_total');
  t.diagnostic(`${again} of ${races} were sent again, ${failed} failed`);
  assert.ok(again > races / 200, `only ${again} met a connection that had closed`);
  for (const [path, times] of race.arrivals) assert.ok(times === 1, `${path} was delivered ${times} times`);
});

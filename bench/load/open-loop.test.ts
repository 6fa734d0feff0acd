import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { ClientConnection } from './client-connection.ts';
import { LatencyRecord } from './latency-record.ts';
import { runOpenLoop } from './open-loop.ts';

test('percentiles are of nearest rank, and exact', () => {
  const record = new LatencyRecord();
  for (let i = 1000; i >= 1; i--) record.add(i / 1000);
  assert.deepEqual(record.percentiles(), { p50: 0.5, p99: 0.99, p999: 0.999 });
  assert.equal(record.count, 1000);
  assert.deepEqual(new LatencyRecord().percentiles(), { p50: 0, p99: 0, p999: 0 });
});

test('an open loop sends what is due and no more, and counts latency from then, in a queue too', async (t) => {
  let asked = 0;
  // One at a time, as there is one connection: 20 ms each, while a request is due every 5.
  const server = createServer((_, response) => {
    asked++;
    setTimeout(() => response.end('x'), 20);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const connection = new ClientConnection(address.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.after(() => {
    connection.close();
  });
  const latencies: number[] = [];
  const end = await runOpenLoop([connection], { rate: 200, seconds: 0.1, warmUp: 0.05 }, (answer, since) => {
    assert.equal(answer.status, 200);
    latencies.push(since);
  });
  assert.equal(asked, 30);
  assert.equal(end.warmUpRequests, 10);
  assert.equal(end.unanswered, 0);
  assert.equal(latencies.length, 20);
  // Due by the schedule, however late they were sent and answered.
  for (const [i, due] of latencies.entries())
    assert.ok(Math.abs(due - (latencies[0] ?? 0) - i * 5) < 1e-6, `${i}`);
});

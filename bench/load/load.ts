import { ClientConnection } from './client-connection.ts';
import type { Answer } from './client-connection.ts';
import type { LoadOrder, LoadResult } from './order.ts';
import { LatencyRecord } from './latency-record.ts';

/**
 * A load generator: takes its order as JSON in its first argument and prints what happened as a line of JSON.
 *
 * A closed loop sends the next request when the last is answered. An open loop sends at a fixed rate: what is due while
 * every connection is busy waits, and its waiting counts as latency. Time that this program itself is late by does not.
 */
const order = JSON.parse(process.argv[2] ?? '') as LoadOrder;
const latencies = new LatencyRecord();
let errors = 0;
let bytes = 0;

const connections = Array.from(
  { length: order.connections },
  () => new ClientConnection(order.port, requestText(order)),
);
const started = performance.now();
const deadline = started + order.seconds * 1000;
if (order.rate === undefined) await closedLoop();
else await openLoop(order.rate);
const seconds = (performance.now() - started) / 1000;
for (const connection of connections) connection.close();

const result: LoadResult = { requests: latencies.count, bytes, seconds, errors, ...latencies.percentiles() };
console.log(JSON.stringify(result));

async function closedLoop(): Promise<void> {
  const loops = connections.map(
    (connection) =>
      new Promise<void>((resolve) => {
        const next = (): void => {
          if (performance.now() >= deadline) {
            resolve();
            return;
          }
          const sent = performance.now();
          connection.send((answer) => {
            record(answer, sent);
            if (order.newConnections === true) connection.close();
            // A connection that is refused at once must not recurse.
            setImmediate(next);
          });
        };
        next();
      }),
  );
  await Promise.all(loops);
}

async function openLoop(rate: number): Promise<void> {
  const free = [...connections];
  const waiting: number[] = [];
  let sent = 0;
  let unanswered = 0;
  const dispatch = (): void => {
    while (waiting.length > 0) {
      const connection = free.pop();
      if (connection === undefined) return;
      const due = waiting.shift() ?? 0;
      connection.send((answer) => {
        unanswered--;
        record(answer, due);
        free.push(connection);
        dispatch();
      });
    }
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const target = Math.floor(((Math.min(now, deadline) - started) / 1000) * rate);
      for (; sent < target; sent++) {
        waiting.push(now);
        unanswered++;
      }
      dispatch();
      // What has not been answered long after the end counts as failed.
      const isOver = now >= deadline && (unanswered === 0 || now >= deadline + 5000);
      if (!isOver) return;
      clearInterval(timer);
      errors += unanswered;
      resolve();
    }, 1);
  });
}

function record(answer: Answer, since: number): void {
  bytes += answer.bytes;
  if (answer.status >= 200 && answer.status < 300) latencies.add(performance.now() - since);
  else errors++;
}

function requestText({ path, method, body, newConnections, port }: LoadOrder): string {
  const text = body > 0 ? `{"text":"${'x'.repeat(body - 11)}"}` : '';
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...(text === '' ? [] : ['Content-Type: application/json', `Content-Length: ${text.length}`]),
    ...(newConnections === true ? ['Connection: close'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

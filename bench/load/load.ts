import { setPriority } from 'node:os';
import { ClientConnection } from './client-connection.ts';
import type { Answer } from './client-connection.ts';
import { LatencyRecord } from './latency-record.ts';
import { now, runOpenLoop } from './open-loop.ts';
import type { LoadOrder, LoadResult } from './order.ts';

/**
 * A load generator: takes its order as JSON in its first argument and prints what happened as a line of JSON.
 *
 * A closed loop sends the next request when the last is answered, an open loop at a fixed rate.
 */
const order = JSON.parse(process.argv[2] ?? '') as LoadOrder;
const latencies = new LatencyRecord();
let errors = 0;
let bytes = 0;

const connections = Array.from(
  { length: order.connections },
  () => new ClientConnection(order.port, requestText(order)),
);
if (order.rate !== undefined) preferThisProgram();
const started = now();
const open =
  order.rate === undefined
    ? await closedLoop(started + order.seconds * 1000)
    : await runOpenLoop(connections, { ...order, rate: order.rate }, record);
const seconds = open === undefined ? (now() - started) / 1000 : order.seconds;
for (const connection of connections) connection.close();

const result: LoadResult = {
  requests: latencies.count,
  bytes,
  seconds,
  errors: errors + (open?.unanswered ?? 0),
  ...latencies.percentiles(),
  ...(open !== undefined && {
    warmUpRequests: open.warmUpRequests,
    lateness: open.lateness,
    share: open.share,
  }),
};
console.log(JSON.stringify(result));

/** So that nothing else on this core makes it late; only root may. */
function preferThisProgram(): void {
  try {
    setPriority(-10);
  } catch {
    // Then its lateness tells.
  }
}

async function closedLoop(deadline: number): Promise<undefined> {
  const loops = connections.map(
    (connection) =>
      new Promise<void>((resolve) => {
        const next = (): void => {
          const sent = now();
          if (sent >= deadline) {
            resolve();
            return;
          }
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

function record(answer: Answer, since: number): void {
  bytes += answer.bytes;
  if (answer.status >= 200 && answer.status < 300) latencies.add(now() - since);
  else errors++;
}

function requestText({ path, method, body, headers, newConnections, port }: LoadOrder): string {
  const text = body > 0 ? `{"text":"${'x'.repeat(body - 11)}"}` : '';
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(text === '' ? [] : ['Content-Type: application/json', `Content-Length: ${text.length}`]),
    ...(newConnections === true ? ['Connection: close'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { SeededRandom } from '../conformance/differential/seeded-random.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { responseText } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { calm } from './upstream-scene.ts';

/** A long run: `WAYGATE_FAULTS=100000 WAYGATE_SEED=7 npx node --test test/security/targets-at-random.test.ts`. */
const exchanges = Number(process.env['WAYGATE_FAULTS'] ?? 1500);
const seed = Number(process.env['WAYGATE_SEED'] ?? 1);
const clients = 20;

const marks = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  '0',
  '5',
  'f',
  ';',
  ',',
  '\x80',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\r\n\r\n',
];
const lines = [
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Keep-Alive: timeout=0\r\n',
  'X-Long: '.padEnd(20_000, 'x'),
];

/** An answer that holds the path, so that whoever gets it knows whose it is. */
function soundAnswer(random: SeededRandom, path: string): string {
  const filler = 'x'.repeat(random.pick([0, 10, 5000, 70_000]));
  const hints = random.chance(0.2) ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  switch (random.below(4)) {
    case 0:
      return hints + responseText({ body: path + filler });
    case 1:
      return hints + responseText({ chunks: [path, filler, path].filter((chunk) => chunk !== '') });
    case 2:
      return `${hints}HTTP/1.1 200 OK\r\n\r\n${path}${filler}`;
    default:
      return hints + responseText({ status: random.pick([204, 304, 404, 503]), body: path });
  }
}

function damage(random: SeededRandom, text: string): string {
  let damaged = text;
  for (let i = random.pick([0, 0, 1, 1, 2, 4]); i > 0; i--) {
    const at = random.below(Math.min(damaged.length, 300) + 1);
    const head = damaged.slice(0, at);
    switch (random.below(5)) {
      case 0:
        damaged = head + damaged.slice(at + 1 + random.below(10));
        break;
      case 1:
        damaged = head + random.pick(marks) + damaged.slice(at);
        break;
      case 2:
        damaged = head + String.fromCharCode(random.below(256)) + damaged.slice(at + 1);
        break;
      case 3:
        damaged = damaged.replace('\r\n', `\r\n${random.pick(lines)}`);
        break;
      default:
        damaged = head;
    }
  }
  return damaged;
}

/** Answers soundly or not, in pieces, and ends the connection or not. */
function misbehaving(random: SeededRandom): Script {
  return async ({ request, socket }) => {
    if (random.chance(0.9)) await request.whole;
    const bytes = Buffer.from(damage(random, soundAnswer(random, request.target)), 'latin1');
    const pieces = random.pick([1, 1, 2, 10]);
    for (let at = 0; at < bytes.length && !socket.destroyed;) {
      const size = 1 + random.below(Math.ceil((2 * bytes.length) / pieces));
      socket.write(bytes.subarray(at, at + size));
      if (random.chance(0.5)) await afterPoll();
      at += size;
    }
    if (random.chance(0.2)) await afterPoll();
    const how = random.below(6);
    if (how === 0) socket.end();
    else if (how === 1) socket.destroy();
    else if (how === 2 && !socket.writableEnded) socket.resetAndDestroy();
  };
}

test(`whatever ${exchanges} answers of a target are made of, each client gets its own answer or none`, async (t) => {
  const random = new SeededRandom(seed);
  const target = await startRecordingTarget(t, { script: misbehaving(random), keepBytes: false });
  const gateway = await startGateway(t, {
    ...calm,
    limits: { requestsPerConnection: 0 },
    // What never ends must end soon, or the run would not.
    timeouts: { exchange: '1s' },
    upstreams: {
      service: {
        targets: [target.url],
        timeouts: { responseHeaders: '150ms', bodyIdle: '150ms' },
        retries: { budget: 1 },
      },
    },
    routes: [{ path: '/', upstream: 'service' }],
  });
  const counts = { answered: 0, failed: 0, cut: 0 };
  const asked = new Set<string>();
  const share = Math.ceil(exchanges / clients);
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const own = new SeededRandom(random.seed());
      for (let done = 0; done < share; done++) {
        const path = `/${own.seed().toString(16).padStart(8, '0')}/`;
        asked.add(path);
        counts[await askOnce(t, gateway.port, own, path, asked)]++;
        if (client === 0 && done % 50 === 0) target.forget();
      }
    }),
  );
  t.diagnostic(JSON.stringify(counts));
  assert.ok(
    counts.answered > exchanges / 10 && counts.failed > exchanges / 10 && counts.cut > exchanges / 50,
  );
  await eventually(() => gateway.records.length === share * clients, 'one record each');
  await eventually(() => gateway.gateway.stats.inFlight === 0, 'no exchange is left');
  assert.equal(target.irregularities.length, 0);
});

type Came = 'answered' | 'failed' | 'cut';

async function askOnce(
  t: TestContext,
  port: number,
  random: SeededRandom,
  path: string,
  asked: ReadonlySet<string>,
): Promise<Came> {
  const client = await connectClient(t, port);
  const method = random.pick(['GET', 'GET', 'POST', 'HEAD']);
  const body = method === 'POST' ? 'Content-Length: 5\r\n\r\nhello' : '\r\n';
  await client.send(`${method} ${path} HTTP/1.1\r\nHost: gw.test\r\n${body}`);
  const outcome = await client.outcome({ to: method, within: 10_000 });
  client.destroy();
  const where = `${method} ${path}: ${JSON.stringify(outcome).slice(0, 500)}`;
  assert.ok(outcome.kind === 'response' || outcome.kind === 'closed', where);
  if (outcome.kind === 'closed') return 'cut';
  const { response } = outcome;
  if (response.header('content-type') === 'application/problem+json') {
    assert.ok(response.status >= 500, where);
    return 'failed';
  }
  for (const [found] of response.text.matchAll(/\/[0-9a-f]{8}\//g)) {
    assert.ok(found === path || !asked.has(found), `the answer of another: ${where}`);
  }
  return 'answered';
}

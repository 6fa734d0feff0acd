import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { z } from 'zod';
import type { BodyStage } from '../../src/core/body.ts';
import { nodeStreamStage } from '../../src/core/body-streams.ts';
import { definePolicy } from '../../src/core/policy.ts';

import { SeededRandom } from '../conformance/differential/seeded-random.ts';
import { startTarget } from '../kit/echo-target.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const exchanges = Number(process.env['WAYGATE_BODIES'] ?? 60);

/** Sizes around every limit at which bodies are gathered, cut or held back. */
const sizes = [1, 100, 8191, 8192, 8193, 16_383, 16_385, 65_535, 65_536, 65_537, 131_072, 500_000, 3_000_000];

const plain: BodyStage = (next) => ({
  write: (chunk) => next.write(chunk),
  end: (trailers) => next.end(trailers),
  abort: (error) => next.abort(error),
});

/** Policies that put stages of all kinds into the way of both bodies. */
const stages = {
  none: undefined,
  plain,
  stream: nodeStreamStage(() => new PassThrough()),
} as const;

function randomBody(random: SeededRandom): Buffer {
  const size = random.pick(sizes);
  const body = Buffer.alloc(size);
  let state = random.seed();
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    body[i] = state >>> 24;
  }
  return body;
}

/** Sends in pieces of all sizes, and pauses now and then. */
async function upload(
  client: RawClient,
  random: SeededRandom,
  body: Buffer,
  chunked: boolean,
): Promise<void> {
  const pieces = random.pick([1, 1, 3, 20]);
  for (let at = 0; at < body.length;) {
    const piece = body.subarray(at, at + 1 + random.below(Math.ceil((2 * body.length) / pieces)));
    if (chunked) await client.send(`${piece.length.toString(16)}${random.chance(0.2) ? ';x=y' : ''}\r\n`);
    await client.send(piece);
    if (chunked) await client.send('\r\n');
    if (random.chance(0.3)) await afterPoll();
    at += piece.length;
  }
  if (chunked) await client.send('0\r\n\r\n');
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

for (const [what, stage] of Object.entries(stages)) {
  test(`bodies of all sizes and framings come back octet for octet, with stages: ${what}`, async (t) => {
    const random = new SeededRandom(what.length);
    const target = await startTarget(t, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        if (request.headers['x-framing'] === 'length') response.setHeader('content-length', body.length);
        for (let at = 0; at < body.length; at += 40_000) response.write(body.subarray(at, at + 40_000));
        response.end();
      });
    });
    const wraps = definePolicy({
      name: 'wraps',
      description: 'Puts a stage into the way of both bodies.',
      options: z.strictObject({}),
      create: () => ({
        onRequest: (exchange) => {
          if (stage === undefined) return;
          exchange.wrapRequestBody(stage);
          exchange.wrapResponseBody(stage);
        },
      }),
    });
    const gateway = await startGateway(
      t,
      routeTo(target, { policies: [{ wraps: {} }], overload: { eventLoopDelay: 0, memory: 0 } }),
      { policies: [wraps] },
    );
    await Promise.all(
      Array.from({ length: 4 }, () => exchangeBodies(t, gateway.port, new SeededRandom(random.seed()))),
    );
    assert.equal(gateway.records.filter(({ error }) => error !== undefined).length, 0);
  });
}

async function exchangeBodies(t: TestContext, port: number, random: SeededRandom): Promise<void> {
  const client = await connectClient(t, port);
  for (let round = 0; round < exchanges / 4; round++) {
    const body = randomBody(random);
    const chunked = random.chance(0.5);
    const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const back = random.pick(['length', 'chunks']);
    if (random.chance(0.3)) client.socket.pause();
    const head = `PUT / HTTP/1.1\r\nHost: gw.test\r\nX-Framing: ${back}\r\n${framing}\r\n\r\n`;
    const uploading = client.send(head).then(() => upload(client, random, body, chunked));
    for (let turn = 0; turn < 20; turn++) await afterPoll();
    client.socket.resume();
    await uploading;
    const response = await client.response({ within: 30_000 });
    assert.equal(response.bodyLength, body.length);
    assert.equal(digest(response.body), digest(body), `${body.length} octets, ${framing}, back in ${back}`);
  }
  client.destroy();
}

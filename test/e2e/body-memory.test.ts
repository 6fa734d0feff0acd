import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { z } from 'zod';
import type { BodyStage } from '../../src/core/body.ts';
import { definePolicy } from '../../src/core/policy.ts';
import { startTarget } from '../kit/echo-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const body = randomBytes(8 * 1024 * 1024);

const hash = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Sends a body and gives the answer's. */
async function send(port: number, framing: Record<string, string | number>): Promise<Buffer> {
  const answer = Promise.withResolvers<Buffer>();
  const outgoing = request({ port, method: 'POST', agent: false, headers: framing }, (response) => {
    buffer(response).then(answer.resolve, answer.reject);
  });
  outgoing.on('error', answer.reject);
  outgoing.end(body);
  return answer.promise;
}

for (const [name, framing] of [
  ['of known length', { 'content-length': body.length }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
] as const) {
  test(`a large body ${name} arrives as it was sent, both ways, however often its memory is used again`, async (t) => {
    const target = await startTarget(t, (incoming, response) => {
      response.writeHead(200, framing);
      incoming.pipe(response);
    });
    const gateway = await startGateway(t, routeTo(target));
    for (let i = 0; i < 3; i++) assert.equal(hash(await send(gateway.port, framing)), hash(body));
  });
}

test('a chunk that a policy has kept stays as it was', async (t) => {
  const kept: { request: Uint8Array[]; response: Uint8Array[] } = { request: [], response: [] };
  const keeping =
    (chunks: Uint8Array[]): BodyStage =>
    (next) => ({
      write: (chunk) => {
        chunks.push(chunk);
        return next.write(chunk);
      },
      end: (trailers) => next.end(trailers),
      abort: (error) => next.abort(error),
    });
  const keeper = definePolicy({
    name: 'keeper',
    description: 'Keeps every chunk.',
    options: z.strictObject({}),
    create: () => ({
      onRequest(exchange) {
        exchange.wrapRequestBody(keeping(kept.request));
        exchange.wrapResponseBody(keeping(kept.response));
      },
    }),
  });
  const target = await startTarget(t, (incoming, response) => void incoming.pipe(response));
  const config = routeTo(target);
  const gateway = await startGateway(
    t,
    { ...config, policies: [{ keeper: {} }] },
    {
      policies: [keeper],
    },
  );
  assert.equal(hash(await send(gateway.port, { 'content-length': body.length })), hash(body));
  for (const chunks of [kept.request, kept.response]) assert.equal(hash(Buffer.concat(chunks)), hash(body));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../../src/core/policy.ts';
import type { PolicyInstance } from '../../src/core/policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

function touching(instance: PolicyInstance) {
  return definePolicy({
    name: 'touches',
    description: 'Sets what is the engine’s.',
    options: z.strictObject({}),
    create: () => instance,
  });
}

const onBad = (act: Required<PolicyInstance>['onRequest']): PolicyInstance => ({
  onRequest: (exchange) => (exchange.request.path === '/bad' ? act(exchange) : undefined),
});

const requests: Readonly<Record<string, PolicyInstance>> = {
  'a length where there is no body': onBad(({ request }) => {
    request.headers.set('Content-Length', '5');
  }),
  'a coding': onBad(({ request }) => {
    request.headers.set('Transfer-Encoding', 'chunked');
  }),
  'two lengths': onBad(({ request }) => {
    request.headers.append('Content-Length', '0');
    request.headers.append('Content-Length', '5');
  }),
  'another connection': onBad(({ request }) => {
    request.headers.set('Connection', 'upgrade');
    request.headers.set('Upgrade', 'h2c');
  }),
  'a second host': onBad(({ request }) => {
    request.headers.set('Host', 'evil.example');
  }),
  'a path with a line break': onBad((exchange) => {
    exchange.upstreamPath = '/x HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled';
  }),
  'a path with a query and a space': onBad((exchange) => {
    exchange.upstreamPath = '/x y?z#';
  }),
};

for (const [what, instance] of Object.entries(requests)) {
  for (const head of ['GET', 'POST'] as const) {
    test(`a policy that gives a ${head} ${what} puts nobody's requests out of step`, async (t) => {
      const target = await startRecordingTarget(t);
      const { port } = await startGateway(t, routeTo(target, { policies: [{ touches: {} }] }), {
        policies: [touching(instance)],
        expectErrors: true,
      });
      const body = head === 'POST' ? 'Content-Length: 2\r\n\r\nhi' : '\r\n';
      await exchangeOnce(t, port, `${head} /bad HTTP/1.1\r\nHost: a\r\n${body}`);
      const next = await exchangeOnce(t, port, 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal(next.text, 'OK');
      assert.deepEqual(target.irregularities, []);
      for (const request of target.requests) {
        assert.ok(['/bad', '/next'].includes(request.target), request.target);
        assert.equal(request.all('host').length, 1);
        assert.equal(request.header('upgrade'), undefined);
      }
    });
  }
}

for (const [what, name, value] of [
  ['a coding', 'Transfer-Encoding', 'chunked'],
  ['a connection', 'Connection', 'keep-alive, x-a'],
  ['a length', 'Content-Length', '1'],
] as const) {
  test(`a policy that gives an answer ${what} puts nobody's answers out of step`, async (t) => {
    const target = await startRecordingTarget(t, { script: answer({ body: 'OK' }) });
    const instance: PolicyInstance = {
      onResponse: (_, head) => {
        head.headers.set(name, value);
      },
    };
    const { port } = await startGateway(t, routeTo(target, { policies: [{ touches: {} }] }), {
      policies: [touching(instance)],
    });
    const client = await connectClient(t, port);
    for (let i = 0; i < 2; i++) {
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const response = await client.response();
      assert.equal(response.text, 'OK');
      assert.notEqual(response.header(name.toLowerCase()), value);
    }
  });
}

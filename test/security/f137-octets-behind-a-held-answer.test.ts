import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../../src/core/policy.ts';
import type { PolicyInstance } from '../../src/core/policy.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, raw, responseText } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const smuggled = responseText({ body: 'smuggled' });

/** Ways to hold an answer, so that what follows it is not looked at at once. */
const holding: Readonly<Record<string, PolicyInstance>> = {
  'a policy takes its time': {
    onResponse: async () => {
      await turn();
    },
  },
  'the client does not keep up': {
    onRequest(exchange) {
      exchange.wrapResponseBody((next, source) => ({
        write(chunk) {
          next.write(chunk);
          setImmediate(() => {
            source.resume();
          });
          return false;
        },
        end: (trailers) => {
          next.end(trailers);
        },
        abort: (error) => {
          next.abort(error);
        },
      }));
    },
  },
};

for (const [how, instance] of Object.entries(holding)) {
  for (const [what, method, text] of [
    [
      'a HEAD with a body',
      'HEAD',
      `HTTP/1.1 200 OK\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    ],
    ['a 204 with another answer behind it', 'GET', `HTTP/1.1 204 No Content\r\n\r\n${smuggled}`],
    ['a 200 with another answer behind it', 'GET', responseText({ body: 'OK' }) + smuggled],
    ['chunks with another answer behind them', 'GET', responseText({ chunks: ['OK'] }) + smuggled],
  ] as const) {
    test(`F137: while ${how}, ${what} leaves nothing behind for the next request`, async (t) => {
      const target = await startRecordingTarget(t, { script: answer({ body: 'its own' }) });
      const policy = definePolicy({
        name: 'holds',
        description: 'Holds answers back.',
        options: z.strictObject({}),
        create: () => instance,
      });
      const { port } = await startGateway(t, routeTo(target, { policies: [{ holds: {} }] }), {
        policies: [policy],
      });
      target.next(raw(text));
      await exchangeOnce(t, port, `${method} /asked HTTP/1.1\r\nHost: a\r\n\r\n`, { to: method });
      for (let i = 0; i < 3; i++) {
        const next = await exchangeOnce(t, port, 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal(next.text, 'its own');
      }
      assert.deepEqual(
        target.connections[0]?.requests.map(({ target: path }) => path),
        ['/asked'],
        'the connection is not used again',
      );
    });
  }
}

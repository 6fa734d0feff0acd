import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGateway } from '../../src/gateway/gateway.ts';
import { onFinish } from '../kit/finish.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo } from '../kit/start-gateway.ts';

test('an access log that throws costs its line, and no exchange', async (t) => {
  const target = await startRecordingTarget(t);
  const errors: string[] = [];
  const ignore = () => undefined;
  const gateway = await createGateway({
    config: { listen: { host: '127.0.0.1', port: 0 }, ...routeTo(target) },
    accessLog: () => {
      throw new Error('the disk is full');
    },
    logger: { debug: ignore, info: ignore, warn: ignore, error: (_, message) => void errors.push(message) },
  });
  onFinish(t, 'gateways', () => gateway.close());
  const port = gateway.addresses[0]?.port ?? 0;
  for (const line of ['GET / HTTP/1.1', 'GET  / HTTP/1.1', 'GET / HTTP/1.1']) {
    const response = await exchangeOnce(t, port, `${line}\r\nHost: a\r\n\r\n`);
    assert.equal(response.status, line.includes('  ') ? 400 : 200);
  }
  assert.equal(errors[0], 'the access log failed');
});

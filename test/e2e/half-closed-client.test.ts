import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { responseText, silent } from '../kit/replies.ts';
import { routeTo } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

for (const version of ['1.1', '1.0']) {
  test(`a client of HTTP/${version} that has said everything and closed its side gets its answer, however late`, async (t) => {
    const target = await startRecordingTarget(t, { script: silent });
    const gateway = await startTimedGateway(t, routeTo(target));
    const client = await connectClient(t, gateway.port);
    await client.send(`GET /asked HTTP/${version}\r\nHost: gw.test\r\n\r\n`);
    client.halfClose();
    await target.request(0);
    for (let second = 0; second < 25; second += 5) await gateway.pass(5000);
    target.connections[0]?.socket.write(responseText({ body: 'late' }));
    const response = await client.response();
    assert.equal(response.text, 'late');
    const interim = response.interim.map(({ status }) => status);
    assert.ok(interim.every((status) => status === 100) && interim.length < 10, interim.join(' '));
    if (version === '1.0') assert.deepEqual(interim, []);
    assert.equal(await client.ending(), 'finished');
    assert.equal(gateway.records.find(({ path }) => path === '/asked')?.error, undefined);
  });
}

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { canaryConfig, runCanaries } from '../kit/canaries/scene.ts';
import { openCanaryTarget } from '../kit/canaries/target.ts';
import { onFinish } from '../kit/finish.ts';
import { startGateway } from '../kit/start-gateway.ts';

const REQUESTS = 3000;

it('F121: nobody gets an answer that is somebody else’s, unless its service said that it is for all', async (t) => {
  const seed = Math.floor(Math.random() * 1e6);
  const target = await openCanaryTarget(seed);
  onFinish(t, 'targets', () => target.close());
  const { port } = await startGateway(t, canaryConfig(target.url));
  const tally = await runCanaries({
    seed,
    ports: [port],
    abreast: 32,
    goesOn: ({ requests }) => requests < REQUESTS,
  });
  assert.deepEqual(tally.leaks, [], `seed ${seed}`);
  assert.ok(tally.shared > REQUESTS / 20, `answers are shared: ${JSON.stringify(tally)}`);
  assert.ok(target.asked < tally.requests, 'some answers came from the cache');
});

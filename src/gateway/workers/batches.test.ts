import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from './batches.ts';

/** What was handed on, and a way to take it. */
function scene(limit: number): {
  readonly batches: Batches<number>;
  readonly sent: (readonly number[])[];
  readonly take: () => void;
} {
  const sent: (readonly number[])[] = [];
  let taken = (): void => {};
  const batches = new Batches<number>(limit, (items, onTaken) => {
    sent.push(items);
    taken = onTaken;
  });
  return { batches, sent, take: () => taken() };
}

test('what comes while a batch is under way is in the next one', () => {
  const { batches, sent, take } = scene(10);
  for (const item of [1, 2, 3]) batches.push(item);
  assert.deepEqual(sent, [[1]]);
  take();
  assert.deepEqual(sent, [[1], [2, 3]]);
  take();
  batches.push(4);
  assert.deepEqual(sent, [[1], [2, 3], [4]]);
});

test('when nobody takes them, they are kept up to the limit, and then dropped and counted', () => {
  const { batches, sent, take } = scene(2);
  for (const item of [1, 2, 3, 4, 5]) batches.push(item);
  assert.equal(batches.dropped, 2);
  take();
  assert.deepEqual(sent, [[1], [2, 3]]);
});

test('it is idle when everything was taken, or when nobody wants to wait any longer', async () => {
  const { batches, take } = scene(2);
  await batches.whenIdle(10_000);
  batches.push(1);
  const idle = batches.whenIdle(10_000);
  take();
  await idle;
  batches.push(1);
  await batches.whenIdle(0);
});

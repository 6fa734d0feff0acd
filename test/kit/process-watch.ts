import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import { onFinish } from './finish.ts';

/** Handles that a gateway, its clients and its targets open. */
const ours = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'TLSSocketWrap',
  'TCPConnectWrap',
  'PipeWrap',
  'FSEventWrap',
]);

const watched = new WeakSet<TestContext>();

/**
 * Sees to it that a test leaves the process as it found it: no unhandled rejection, and as many sockets and servers as
 * before. Asked once for a test, however often it is called.
 */
export function watchProcess(t: TestContext): void {
  if (watched.has(t)) return;
  watched.add(t);
  const before = countHandles();
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  onFinish(t, 'checks', async () => {
    try {
      await eventually(
        () => countHandles() <= before,
        () => `handles are back at ${before}: ${process.getActiveResourcesInfo().join(', ')}`,
      );
      assert.deepEqual(rejections, [], 'unhandled rejections');
    } finally {
      process.off('unhandledRejection', onRejection);
    }
  });
}

function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => ours.has(name)).length;
}

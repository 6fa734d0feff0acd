import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fetch } from '../core/fetch.ts';
import { PolicyWatch } from './policy-watch.ts';

const answer: Fetch = () => Promise.resolve({ status: 200, headers: [], body: new Uint8Array() });
const limits = { timeout: 1, maxBytes: 1 };

describe('while a policy is asked what it would do', () => {
  it('it may fetch, and neither before nor after', async () => {
    const watch = new PolicyWatch(answer);
    await assert.rejects(watch.fetch('https://a', limits), /before a policy is asked/);
    const { status } = await watch.during(
      () => watch.fetch('https://a', limits),
      () => {},
    );
    assert.equal(status, 200);
    await assert.rejects(watch.fetch('https://a', limits), /before a policy is asked/);
  });

  it('it fetches nothing when nobody says how', async () => {
    const watch = new PolicyWatch();
    await assert.rejects(
      watch.during(
        () => watch.fetch('https://a', limits),
        () => {},
      ),
    );
  });

  it('its warnings are heard with their causes, and nothing else of the log', async () => {
    const watch = new PolicyWatch();
    const heard: (readonly string[])[] = [];
    watch.logger.warn({ err: new Error('too early') }, 'before');
    await watch.during(
      () => {
        watch.logger.info({}, 'by the way');
        watch.logger.warn({ err: new Error('fetch failed', { cause: new Error('refused') }) }, 'no keys');
        watch.logger.error({}, 'worse');
      },
      (lines) => heard.push(lines),
    );
    watch.logger.warn({}, 'after');
    assert.deepEqual(heard, [['no keys: fetch failed: refused', 'worse']]);
  });

  it('they are heard as well when it fails', async () => {
    const watch = new PolicyWatch();
    let heard: readonly string[] = [];
    await assert.rejects(
      watch.during(
        () => {
          watch.logger.warn({}, 'trouble');
          throw new Error('x');
        },
        (lines) => (heard = lines),
      ),
    );
    assert.deepEqual(heard, ['trouble']);
  });
});

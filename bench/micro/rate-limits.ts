/** What rate limits cost: a decision, among few keys and many; the policy around it; memory, and the longest pause while it fills. */
import { systemClock } from '../../src/core/clock.ts';
import type { LimitRule } from '../../src/core/limits.ts';
import { systemRandom } from '../../src/core/random.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { rateLimit } from '../../src/policies/rate-limit/rate-limit.ts';
import { createLimitMemory, forgottenIn, openLimitMemory } from '../../src/store/limits/limit-memory.ts';
import { LocalLimits } from '../../src/store/limits/local-limits.ts';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { benchPolicy } from '../../test/kit/policy-bench.ts';
import { Meter } from './meter.ts';

const calls = 500_000;
const memory = 64 * 1024 * 1024;
/** Requests spread over all keys. */
const samples = 4096;

const rule = (id: string, algorithm: LimitRule['algorithm'] = 'gcra'): LimitRule => ({
  ...{ id, algorithm, limit: 1_000_000, burst: 1_000_000, window: 60_000 },
});

export function rateLimits(meter: Meter, sizes: readonly number[] = [1000, 100_000, 1_000_000]): void {
  for (const count of sizes) {
    const before = process.memoryUsage.rss();
    const buffer = createLimitMemory(memory, systemRandom, Date.now());
    const limiter = new LocalLimits(buffer, 1, systemClock).limiter([{ ...rule('a'), window: 86_400_000 }]);
    let longest = 0;
    meter.once(`${count} keys: each seen for the first time`, () => {
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        limiter.decide(keyOf(i), 1, 'take');
        longest = Math.max(longest, performance.now() - start);
      }
      return limiter;
    });
    meter.line(`${count} keys: the longest of these decisions`, longest.toFixed(1), 'ms');
    const rss = (process.memoryUsage.rss() - before) / count;
    meter.line(`${count} keys: octets of resident memory a key`, Math.max(0, rss).toFixed(0), 'B');
    const keys = Array.from({ length: samples }, (_, n) => keyOf(Math.floor((n * count) / samples)));
    meter.time(`${count} keys: a decision`, calls, (call) =>
      decided(limiter.decide(keys[call % samples] ?? '', 1, 'take')),
    );
    const lost = (forgottenIn(openLimitMemory(buffer)) / count) * 1000;
    meter.line(`${count} keys: forgotten early, of 1000`, lost.toFixed(1), 'B');
  }
  const limits = new LocalLimits(createLimitMemory(memory, systemRandom, Date.now()), 1, systemClock);
  for (const algorithm of ['sliding-window', 'fixed-window'] as const) {
    const limiter = limits.limiter([rule(algorithm, algorithm)]);
    meter.time(`a decision by ${algorithm}`, calls, () => decided(limiter.decide('192.0.2.1', 1, 'take')));
  }
  const three = limits.limiter([rule('x'), rule('y'), rule('z')]);
  meter.time('a decision by three limits at once', calls, () =>
    decided(three.decide('192.0.2.1', 1, 'take')),
  );
  for (const headers of ['none', 'draft'] as const) {
    const { instance } = benchPolicy(
      rateLimit,
      { limit: 1_000_000, window: '1s', headers },
      { limits, clock: systemClock },
    );
    const exchange = fakeExchange();
    meter.time(`the policy, by address, headers: ${headers}`, calls, () => {
      exchange.state.clear();
      const verdict = instance.onRequest?.(exchange);
      // A head of its own each time, as it has in production; its cost is in the figure without headers too.
      void instance.onResponse?.(exchange, { status: 200, headers: new HeaderList(), from: 'target' });
      return verdict === undefined ? 1 : 2;
    });
  }
  const naive = new Map<string, number[]>();
  meter.time('naive: a list of times for each key in a Map', calls / 10, (call) => {
    const now = Date.now();
    const times = (naive.get('192.0.2.1') ?? []).filter((time) => time > now - 1);
    times.push(now);
    naive.set('192.0.2.1', times);
    return times.length + call;
  });
}

function decided({ allowed }: { readonly allowed: boolean }): number {
  return allowed ? 1 : 2;
}

/** Addresses, as most keys are. */
function keyOf(number: number): string {
  return `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`;
}

if (import.meta.main) rateLimits(new Meter());

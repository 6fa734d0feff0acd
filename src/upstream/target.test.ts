import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { UpstreamConfig } from '../config/schema.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import { ReadMemory } from '../http1/read-memory.ts';
import { systemClock } from '../core/clock.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import { Llhttp } from '../http1/llhttp.ts';
import type { Target } from './target.ts';
import { TargetStates } from './target.ts';

const wheel = new TimerWheel(systemClock);
const llhttp = new Llhttp();

function upstream(url: string, change: Partial<UpstreamConfig> = {}): UpstreamConfig {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const standard = scheme === 'https' ? 443 : 80;
  const target = {
    url,
    protocol: scheme,
    host: hostname.replace(/[[\]]/g, ''),
    port: port === '' ? standard : Number(port),
    weight: 3,
  } as const;
  return {
    name: 'service',
    targets: [target],
    balance: 'round-robin',
    timeouts: { connect: 3000, responseHeaders: 30_000, bodyIdle: 60_000, keepAlive: 4000 },
    limits: { inFlight: 10, queue: 1000, connections: undefined },
    retries: { attempts: 1, budget: 0.2 },
    tls: { ca: undefined, serverName: undefined, verify: true },
    allowPrivate: false,
    ...change,
  };
}

describe('TargetStates', () => {
  let states: TargetStates;

  beforeEach(() => {
    states = new TargetStates({ llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() });
  });

  afterEach(() => states.destroy());

  function targetOf(config: UpstreamConfig): Target {
    const [target] = config.targets;
    assert.ok(target !== undefined);
    return states.target(target, config);
  }

  for (const [url, label, host] of [
    ['http://a.test', 'a.test:80', 'a.test'],
    ['http://a.test:8080', 'a.test:8080', 'a.test:8080'],
    ['https://a.test', 'a.test:443', 'a.test'],
    ['https://a.test:80', 'a.test:80', 'a.test:80'],
    ['http://[::1]:3000', '[::1]:3000', '[::1]:3000'],
    ['http://[::1]', '[::1]:80', '[::1]'],
  ] as const) {
    it(`names ${url} ${label} in logs and ${host} in Host`, () => {
      const target = targetOf(upstream(url));
      assert.deepEqual([target.label, target.host, target.weight], [label, host, 3]);
    });
  }

  it('lets a target of the next configuration keep its connections, as far as they are the same', () => {
    const { state } = targetOf(upstream('http://a.test'));
    assert.equal(targetOf(upstream('http://a.test', { name: 'other' })).state, state);
    assert.equal(targetOf(upstream('http://a.test:80')).state, state);
    assert.notEqual(targetOf(upstream('http://a.test:81')).state, state);
    assert.notEqual(targetOf(upstream('https://a.test:80')).state, state);
  });

  it('keeps connections apart that were verified in another way', () => {
    const verified = targetOf(upstream('https://a.test')).state;
    const ways = [
      { ca: undefined, serverName: undefined, verify: false },
      { ca: undefined, serverName: 'b.test', verify: true },
    ];
    const others = ways.map((tls) => targetOf(upstream('https://a.test', { tls })).state);
    assert.equal(new Set([verified, ...others]).size, 3);
    assert.equal(targetOf(upstream('https://a.test')).state, verified);
  });

  it('lets go of what no configuration names any more', () => {
    const kept = upstream('http://kept.test');
    const gone = upstream('http://gone.test');
    const before = { kept: targetOf(kept).state, gone: targetOf(gone).state };
    states.retain([kept]);
    assert.equal(targetOf(kept).state, before.kept);
    assert.notEqual(targetOf(gone).state, before.gone);
    assert.equal(states.connections, 0);
  });
});

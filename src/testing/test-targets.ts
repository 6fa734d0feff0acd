import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { TargetNetwork } from '../upstream/connect.ts';
import { fakeTarget, type FakeTarget } from './fake-target.ts';
import type { TargetAnswer } from './target-answer.ts';

/** What stands for the targets of each upstream. */
export class TestTargets {
  readonly #targets = new Map<string, FakeTarget>();
  readonly #clock: Clock;

  constructor(given: Readonly<Record<string, FakeTarget | TargetAnswer>>, clock: Clock) {
    this.#clock = clock;
    for (const [upstream, target] of Object.entries(given))
      this.#targets.set(upstream, isTarget(target) ? target : fakeTarget(target));
  }

  /** How the gateway reaches them. */
  get network(): TargetNetwork {
    return {
      // Two upstreams may name the same address, and mean two targets of the test.
      keyOf: ({ protocol, host, port }, { name }) => `${protocol}://${host}:${port} ${name}`,
      connector: ({ protocol, host, port }, { name }) => {
        const event = protocol === 'https' ? 'secureConnect' : 'connect';
        const label = `${host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host}:${port}`;
        return { event, open: () => this.#target(name).connect(label, event, this.#clock) };
      },
    };
  }

  /** Requests and connections that wait for something at one of them. */
  get waiting(): number {
    let sum = 0;
    for (const target of new Set(this.#targets.values())) sum += target.waiting;
    return sum;
  }

  /** @throws TypeError when the configuration has no upstream of that name. */
  of(upstream: string, config: Config): FakeTarget {
    if (!Object.hasOwn(config.upstreams, upstream)) throw unknownUpstream(upstream, config);
    return this.#target(upstream);
  }

  /** @throws TypeError when one stands for an upstream that the configuration does not have. */
  check(config: Config): void {
    for (const upstream of this.#targets.keys()) this.of(upstream, config);
  }

  #target(upstream: string): FakeTarget {
    let target = this.#targets.get(upstream);
    if (target === undefined) this.#targets.set(upstream, (target = fakeTarget()));
    return target;
  }
}

function unknownUpstream(upstream: string, { upstreams }: Config): TypeError {
  const names = Object.keys(upstreams);
  const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  return new TypeError(`the configuration has no upstream ${JSON.stringify(upstream)}: ${there}`);
}

function isTarget(given: FakeTarget | TargetAnswer): given is FakeTarget {
  return typeof given === 'object' && 'connect' in given;
}

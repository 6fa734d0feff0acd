import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { definePolicy, z } from '../../src/policy.ts';
import { eventually } from './eventually.ts';
import { connectClient, exchangeOnce, type RawClient } from './raw-client.ts';
import { type RecordingTarget, startRecordingTarget } from './recording-target.ts';
import type { Script } from './replies.ts';
import type { TestGateway } from './start-gateway.ts';
import { startTimedGateway, type TimedGateway } from './timed-gateway.ts';

const faults: Readonly<Record<string, () => undefined | Promise<undefined>>> = {
  '/throws': () => {
    throw new Error('a policy that throws');
  },
  '/rejects': () => Promise.reject(new Error('a policy that rejects')),
  '/never': () => new Promise(() => undefined),
};

/** What a policy may do wrong behind others, by the path of the request. */
export const misbehaving = definePolicy({
  name: 'misbehaves',
  description: 'Does what no policy should.',
  options: z.strictObject({}),
  create: () => ({
    onRequest: ({ request: { path } }) => (path === '/answers' ? { status: 403 } : faults[path]?.()),
    onResponse({ request: { path } }) {
      if (path === '/throws-later') throw new Error('a policy that throws on the answer');
      return path === '/never-later' ? new Promise(() => undefined) : undefined;
    },
    onFinish({ request: { path } }) {
      if (path === '/throws-last') throw new Error('a policy that throws at the end');
    },
  }),
});

/** How many hold a slot, and how many wait for one, as the metrics tell. */
export function slotsIn(gateway: Pick<TestGateway, 'metric'>): {
  readonly held: number;
  readonly waiting: number;
} {
  const gauge = (name: string): number => gateway.metric(`waygate_policy_concurrency_limit_${name}`);
  return { held: gauge('current'), waiting: gauge('waiting') };
}

/** Waits until so many hold a slot and wait for one. */
export function whenSlots(gateway: Pick<TestGateway, 'metric'>, held: number, waiting = 0): Promise<void> {
  return eventually(
    () => {
      const now = slotsIn(gateway);
      return now.held === held && now.waiting === waiting;
    },
    () => `${held} held and ${waiting} waiting: ${JSON.stringify(slotsIn(gateway))}`,
  );
}

/** A gateway with one slot, and what is done with it. */
export interface SlotScene {
  readonly target: RecordingTarget;
  readonly gateway: TimedGateway;
  /** Sends something on a connection of its own; resolves when it holds the slot. */
  readonly begin: (bytes: string, script?: Script) => Promise<RawClient>;
  /** Nobody holds the slot or waits for it any more, and somebody can have it. */
  readonly assertAllBack: () => Promise<void>;
}

/** A request, and nothing else. */
export const getOf = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;

/** Starts it: in front of a target, and of a policy that misbehaves by the path. */
export async function startSlotScene(t: TestContext, config: Partial<ConfigInput> = {}): Promise<SlotScene> {
  const target = await startRecordingTarget(t);
  const policies = [{ 'concurrency-limit': { limit: 1, queue: { size: 1, timeout: '60s' } } }, 'misbehaves'];
  const gateway = await startTimedGateway(
    t,
    {
      upstreams: { service: target.url },
      routes: [{ name: 'limited', path: '/', upstream: 'service', limits: { body: '1kb' }, policies }],
      ...config,
    },
    { policies: [misbehaving], expectErrors: true },
  );
  return {
    target,
    gateway,
    async begin(bytes, script) {
      if (script !== undefined) target.next(script);
      const client = await connectClient(t, gateway.port);
      await client.send(bytes);
      await whenSlots(gateway, 1);
      return client;
    },
    async assertAllBack() {
      await whenSlots(gateway, 0);
      assert.equal((await exchangeOnce(t, gateway.port, getOf('/next'))).status, 200);
      await whenSlots(gateway, 0);
    },
  };
}

import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { Exchange, ResponseHead } from '../../src/core/exchange.ts';
import { definePolicy, type PolicyDefinition, type PolicyInstance } from '../../src/core/policy.ts';
import { startRecordingTarget } from './recording-target.ts';
import type { Script } from './replies.ts';
import { startGateway, type TestGateway } from './start-gateway.ts';
import { startTimedGateway, type TimedGateway } from './timed-gateway.ts';

/** A policy as a program without types may write it: whatever it does, the contract is not its concern. */
export type Untyped = Readonly<Record<string, (exchange: Exchange, head: ResponseHead) => unknown>>;

/** The policy `misbehaves`, with this instance. */
export function misbehaving(instance: Untyped, name = 'misbehaves'): PolicyDefinition {
  return definePolicy({
    name,
    description: 'Does what no policy may.',
    options: z.strictObject({}),
    // Untyped on purpose: types do not hold back a policy that is written in JavaScript.
    create: () => instance as PolicyInstance,
  });
}

/** What a scene is made of beside its policy. */
export interface SceneOptions {
  /** What the target answers; a 200 with the body `OK` when left out. */
  readonly script?: Script;
  /** Further keys of the route. */
  readonly route?: object;
}

/** A gateway whose route `bad` has a policy that misbehaves, beside a route `good` without. */
export async function startScene(
  t: TestContext,
  instance: Untyped,
  options: SceneOptions = {},
): Promise<TestGateway> {
  return startGateway(t, await configOf(t, options), {
    policies: [misbehaving(instance)],
    expectErrors: true,
  });
}

/** The same, with a clock that the test moves. */
export async function startTimedScene(
  t: TestContext,
  instance: Untyped,
  options: SceneOptions = {},
): Promise<TimedGateway> {
  return startTimedGateway(t, await configOf(t, options), {
    policies: [misbehaving(instance)],
    expectErrors: true,
  });
}

async function configOf(t: TestContext, { script, route = {} }: SceneOptions) {
  const target = await startRecordingTarget(t, script === undefined ? {} : { script });
  return {
    upstreams: { service: target.url },
    routes: [
      { name: 'bad', path: '/bad', upstream: 'service', policies: [{ misbehaves: {} }], ...route },
      { name: 'good', path: '/good', upstream: 'service' },
    ],
  };
}

/** How often the policy did something of that kind. */
export function failuresOf(gateway: TestGateway, kind: string, route = 'bad'): number {
  return gateway.metric('waygate_policy_failures_total', { policy: 'misbehaves', route, kind });
}

/** The lines of the operational log about the policy. */
export function linesAbout(gateway: TestGateway): readonly Readonly<Record<string, unknown>>[] {
  return gateway.lines.map(({ fields }) => fields).filter(({ policy }) => policy === 'misbehaves');
}

import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from './eventually.ts';
import { connectClient } from './raw-client.ts';
import { startGateway, type TestGateway } from './start-gateway.ts';
import { get } from './worker-gateway.ts';

/** Starts gateways with the same configuration, each as if on a machine of its own; waits until each uses its Redis. */
export async function startGateways(
  t: TestContext,
  count: number,
  config: ConfigInput,
): Promise<readonly TestGateway[]> {
  const gateways: TestGateway[] = [];
  for (let i = 0; i < count; i++) gateways.push(await startGateway(t, config));
  await usesRedis(...gateways);
  return gateways;
}

/** Waits until each of the gateways has a link to Redis that is up. */
export async function usesRedis(...gateways: readonly TestGateway[]): Promise<void> {
  for (const gateway of gateways)
    await eventually(
      () => gateway.metric('waygate_redis_links_up') > 0,
      () => `Redis is used: ${gateway.lines.map(({ message }) => message).join('\n')}`,
    );
}

/**
 * Sends requests over several connections to each gateway at once.
 * @returns how often each status was answered.
 */
export async function raceAll(
  t: TestContext,
  gateways: readonly { readonly port: number }[],
  requests: number,
  connections: number,
): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  let left = requests;
  const clients = await Promise.all(
    gateways.flatMap(({ port }) => Array.from({ length: connections }, () => connectClient(t, port))),
  );
  await Promise.all(
    clients.map(async (client) => {
      while (left-- > 0) {
        await client.send(get('/'));
        const { status } = await client.response();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      client.destroy();
    }),
  );
  return statuses;
}

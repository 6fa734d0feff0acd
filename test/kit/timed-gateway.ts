import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { onFinish } from './finish.ts';
import { exchangeOnce } from './raw-client.ts';
import { startRecordingTarget } from './recording-target.ts';
import { silent } from './replies.ts';
import type { TestGateway, TestGatewayOptions } from './start-gateway.ts';
import { startGateway } from './start-gateway.ts';

/** A gateway whose time a test moves. */
export interface TimedGateway extends TestGateway {
  readonly clock: FakeClock;
  /** Lets time pass. When it resolves, every time-out that was due by then has been acted upon. */
  pass(milliseconds: number): Promise<void>;
}

/** Milliseconds: less than one turn of the timer wheel, so that time-outs that arm others meet their own tick. */
const step = 25_000;

/**
 * Starts a gateway on a {@link FakeClock}. A route `/tick` of its own says how far its timers are: an exchange that times
 * out after a moment is answered behind all that was due before.
 */
export async function startTimedGateway(
  t: TestContext,
  config: ConfigInput,
  options: TestGatewayOptions = {},
): Promise<TimedGateway> {
  const clock = new FakeClock();
  const never = await startRecordingTarget(t, { script: silent });
  const gateway = await startGateway(
    t,
    {
      ...config,
      upstreams: { ...config.upstreams, never: never.url },
      routes: [
        ...config.routes,
        { path: { exact: '/tick' }, upstream: 'never', timeouts: { exchange: '1ms' } },
      ],
    },
    { ...options, clock },
  );
  // What the gateway does with a client that has left may take it time, of which nobody gives it any once the test is over.
  onFinish(t, 'gateways', () =>
    eventually(
      () => {
        clock.advance(100);
        return gateway.gateway.stats.clientConnections === 0;
      },
      () => `connections end with their clients: ${JSON.stringify(gateway.gateway.stats)}`,
    ),
  );
  return {
    ...gateway,
    clock,
    pass: async (milliseconds) => {
      for (let left = milliseconds; left > 0; left -= step) {
        const ticks = never.requests.length;
        const answered = exchangeOnce(t, gateway.port, 'GET /tick HTTP/1.1\r\nHost: gw.test\r\n\r\n');
        await never.head(ticks);
        clock.advance(Math.min(left, step));
        await answered;
      }
    },
  };
}

import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { z } from '../../src/policy.ts';
import type { cache } from '../../src/policies/cache/cache.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, type ResponseParts } from '../kit/replies.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { startGateway, type TestGateway } from '../kit/start-gateway.ts';

/** A gateway with the policy `cache` before a target. */
export interface CacheScene {
  readonly target: RecordingTarget;
  readonly clock: FakeClock;
  readonly gateway: TestGateway;
  /** Sends a request: GET /a with these lines, unless told otherwise. */
  readonly ask: (
    lines?: string,
    start?: { readonly method?: string; readonly path?: string; readonly host?: string },
  ) => ReturnType<typeof exchangeOnce>;
}

/** Starts them, the target answering as the test says, and a clock that the test moves. */
export async function startCacheScene(
  t: TestContext,
  parts: ResponseParts | ((request: RecordedRequest) => ResponseParts),
  options: z.input<typeof cache.options> = {},
  store: ConfigInput['cache'] = {},
): Promise<CacheScene> {
  const clock = new FakeClock();
  const target = await startRecordingTarget(t, { script: answer(parts) });
  const gateway = await startGateway(
    t,
    {
      upstreams: { service: target.url },
      routes: [{ path: '/', upstream: 'service', policies: [{ cache: options }] }],
      cache: store,
      trustedProxies: ['127.0.0.1'],
    },
    { clock },
  );
  return {
    target,
    clock,
    gateway,
    ask: (lines = '', { method = 'GET', path = '/a', host = 'gw.test' } = {}) =>
      exchangeOnce(t, gateway.port, `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`, {
        to: method,
      }),
  };
}

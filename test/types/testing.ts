import { rateLimit } from '../../src/policies/rate-limit/rate-limit.ts';
import { redisScript } from '../../src/policy.ts';
import {
  createTestGateway,
  fakeExchange,
  fakeRedis,
  fakeTarget,
  type TestGateway,
  testPolicy,
  tokenIssuer,
} from '../../src/testing.ts';

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that the compiler must find. */
const config = { routes: [{ path: '/', policies: [{ respond: { status: 204 } }] }] } as const;

export const right: readonly unknown[] = [
  createTestGateway({ config, targets: { a: 'refuse', b: { json: [] }, c: fakeTarget(() => 'reset') } }),
  createTestGateway({
    configFile: 'waygate.yaml',
    env: { PORT: '1' },
    fetch: { 'https://a.example/': '{}' },
  }),
  tokenIssuer({ alg: 'EdDSA' }).token({ sub: 'bob', exp: undefined }, { kid: undefined }),
  fakeRedis({ scripts: [[redisScript('one', 'return 1'), ({ call }, [key = '']) => call('INCR', key)]] }),
  testPolicy(rateLimit, { limit: 1, window: '1m' }).request(fakeExchange({ headers: [['a', 'b']] })),
];

export const answers = (gateway: TestGateway): Promise<Response> => gateway.handle('http://gw.test/');

export const wrong = [
  // @ts-expect-error A failure that there is not.
  createTestGateway({ config, targets: { a: 'refused' } }),
  // @ts-expect-error A connection is refused before there is a request to answer.
  fakeTarget(() => 'refuse'),
  // @ts-expect-error A status is a number.
  fakeTarget({ status: '200' }),
  // @ts-expect-error An algorithm without a public key.
  tokenIssuer({ alg: 'HS256' }),
  // @ts-expect-error An option of the wrong type.
  testPolicy(rateLimit, { limit: 'many' }),
  // @ts-expect-error A late answer is `slow`.
  fakeRedis().fail('timeout'),
];

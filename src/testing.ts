/**
 * `waygate/testing`: a gateway in memory, and what it takes to test policies and configurations. `docs/testing.md` shows how.
 */
export { createTestGateway } from './testing/test-gateway.ts';
export type { LoggedLine, TestGateway, TestGatewayOptions } from './testing/test-gateway.ts';
export { fakeTarget, type FakeTarget } from './testing/fake-target.ts';
export type {
  AnswerHeaders,
  AnswerTo,
  BrokenAnswer,
  BrokenConnection,
  RawAnswer,
  TargetAnswer,
  TargetFunction,
  TargetResponse,
} from './testing/target-answer.ts';
export { RecordedHeaders, RecordedRequest } from './testing/recorded-request.ts';
export type { FakeDocuments } from './testing/fake-fetch.ts';
export { FakeClock } from './testing/fake-clock.ts';
export { fakeRedis } from './testing/redis/fake-redis.ts';
export type { FakeRedisOptions, RedisCall, RedisDouble } from './testing/redis/fake-redis.ts';
export type { ScriptDouble, ScriptPair, ScriptRedis } from './testing/redis/script-double.ts';
export { tokenIssuer } from './testing/token-issuer.ts';
export type { IssuerAlgorithm, IssuerOptions, TokenHeader, TokenIssuer } from './testing/token-issuer.ts';
export { optionMistakes, testPolicy, type TestedPolicy, type TestSetup } from './testing/test-policy.ts';
export { fakeExchange, fakeResponse } from './testing/fake-exchange.ts';
export type { FakeExchange, FakeExchangeInit, FakeHeaders } from './testing/fake-exchange.ts';

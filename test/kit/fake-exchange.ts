export {
  fakeExchange,
  type FakeExchange,
  type FakeExchangeInit,
  type FakeHeaders,
  fakeResponse,
  receivedHeaders,
} from '../../src/testing/fake-exchange.ts';

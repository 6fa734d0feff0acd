import { HeaderList } from '../http/header-list.ts';
import type { BodyStage } from '../core/body.ts';
import type { Client, Consumer, Exchange, Outcome, RequestHead, ResponseHead } from '../core/exchange.ts';

/** What a test may say about its exchange; everything has a plain default. */
export interface FakeExchangeInit {
  readonly id?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly host?: string;
  readonly port?: number;
  readonly httpVersion?: RequestHead['httpVersion'];
  readonly hasBody?: boolean;
  readonly headers?: FakeHeaders;
  readonly client?: Partial<Client>;
  readonly routeName?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly consumer?: Consumer;
  readonly outcome?: Partial<Outcome>;
}

/** Header lines as pairs, or as an object when no name comes twice. */
export type FakeHeaders = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** An exchange that never saw a socket. Body stages are kept, so that a test can push chunks through them. */
export interface FakeExchange extends Exchange {
  readonly requestStages: readonly BodyStage[];
  readonly responseStages: readonly BodyStage[];
  /** Whether it was told to outlive its client. */
  readonly outlives: boolean;
  /** What was begun in the background; nothing comes of it. */
  readonly begun: readonly FakeExchange[];
}

/** An exchange for the unit test of a policy: a GET of `/` from 192.0.2.1 over http, unless told otherwise. */
export function fakeExchange(init: FakeExchangeInit = {}): FakeExchange {
  const requestStages: BodyStage[] = [];
  const responseStages: BodyStage[] = [];
  const begun: FakeExchange[] = [];
  const ip = init.client?.ip ?? '192.0.2.1';
  const exchange = {
    id: init.id ?? '0190a1b2-0000-4000-8000-000000000001',
    request: {
      method: init.method ?? 'GET',
      path: init.path ?? '/',
      query: init.query,
      host: init.host ?? 'api.example.com',
      port: init.port,
      httpVersion: init.httpVersion ?? '1.1',
      hasBody: init.hasBody ?? false,
      headers: receivedHeaders(init.headers ?? {}),
    },
    client: { ip, scheme: init.client?.scheme ?? 'http', peerIp: init.client?.peerIp ?? ip },
    routeName: init.routeName ?? 'test',
    params: Object.assign(Object.create(null) as Record<string, string>, init.params),
    consumer: init.consumer,
    upstreamPath: init.path ?? '/',
    requestBodyLimit: 10 * 1024 * 1024,
    outcome: { ...plainOutcome, ...init.outcome },
    state: new Map(),
    wrapRequestBody: (stage: BodyStage) => void requestStages.push(stage),
    wrapResponseBody: (stage: BodyStage) => void responseStages.push(stage),
    requestStages,
    responseStages,
    outlives: false,
    begun,
    background: false,
    outliveClient(wanted = true): void {
      exchange.outlives = wanted;
    },
    writesHeader: (name: string) => name.startsWith('x-consumer-') || name === 'x-forwarded-for',
    startBackground(prepare: (other: Exchange) => void): void {
      const other: FakeExchange = { ...fakeExchange(init), background: true, consumer: exchange.consumer };
      prepare(other);
      begun.push(other);
    },
  };
  return exchange;
}

/** The head of an answer, from a target unless told otherwise. */
export function fakeResponse(
  headers: FakeHeaders = {},
  { status = 200, from = 'target' }: { status?: number; from?: ResponseHead['from'] } = {},
): ResponseHead {
  return { status, headers: receivedHeaders(headers), from };
}

/** The lines as a parser leaves them: spans into the text of a head, so that tests run on what production runs on. */
export function receivedHeaders(headers: FakeHeaders): HeaderList {
  const pairs = isPairs(headers) ? headers : Object.entries(headers);
  let text = '';
  const spans: number[] = [];
  for (const [name, value] of pairs) {
    const start = text.length;
    text += `${name}: ${value}\r\n`;
    spans.push(start, start + name.length, start + name.length + 2, text.length - 2);
  }
  return new HeaderList(text, spans);
}

const plainOutcome: Outcome = {
  status: 200,
  error: undefined,
  refusal: undefined,
  duration: 1,
  upstreamDuration: 1,
  requestBytes: 0,
  responseBytes: 0,
  target: '127.0.0.1:3001',
  attempts: 1,
};

function isPairs(headers: FakeHeaders): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}

import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import * as theirs from 'http-proxy-middleware';
import * as ours from '../../src/http-proxy-middleware.ts';
import type { Options } from '../../src/http-proxy-middleware.ts';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';
import { exchangeOnce } from './raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from './recording-target.ts';
import { answer, type Script } from './replies.ts';

/** The package that is compared, as a program sees it: the names that both have, with the types of ours. */
export type ProxyPackage = Pick<
  typeof ours,
  | 'createProxyMiddleware'
  | 'fixRequestBody'
  | 'responseInterceptor'
  | 'definePlugin'
  | 'debugProxyErrorsPlugin'
  | 'errorResponsePlugin'
  | 'loggerPlugin'
  | 'proxyEventsPlugin'
>;

/** Both packages, under the names that they are imported by. */
export const packages: readonly (readonly [name: string, ProxyPackage])[] = [
  ['http-proxy-middleware', theirs as unknown as ProxyPackage],
  ['waygate/http-proxy-middleware', ours],
];

/** What one exchange came to, on both sides. */
export interface Seen {
  readonly target: readonly {
    readonly line: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }[];
  readonly client: {
    readonly status: number;
    readonly headers: Readonly<Record<string, readonly string[]>>;
    readonly body: string;
  };
}

/** Different on purpose, or at random; the page about migrating lists what is on purpose. */
const notCompared = new Set(['via', 'connection', 'keep-alive', 'date', 'transfer-encoding', 'etag']);

/** Serves an app; it is gone when the test ends. @returns its port. */
export async function serveApp(t: TestContext, app: RequestListener): Promise<number> {
  const server = createServer(app);
  const { port } = await listen(server);
  onFinish(t, 'gateways', async () => {
    server.closeAllConnections();
    await stopListening(server);
  });
  return port;
}

/** Sends a request to an app, and says what its target and its client saw of it. */
export async function observe(
  t: TestContext,
  app: RequestListener,
  target: RecordingTarget,
  request: string,
): Promise<Seen> {
  const port = await serveApp(t, app);
  const before = target.requests.length;
  const to = request.slice(0, request.indexOf(' '));
  const response = await exchangeOnce(t, port, request, { to });
  const requests = target.requests.slice(before);
  await Promise.all(requests.map(({ whole }) => whole));
  return {
    target: requests.map((each) => ({
      line: `${each.method} ${each.target}`,
      headers: Object.fromEntries(
        each.headers
          .map(([name, value]): [string, string] => [name.toLowerCase(), value])
          .filter(([name]) => !notCompared.has(name))
          .toSorted(([a], [b]) => a.localeCompare(b)),
      ),
      body: each.body.toString(),
    })),
    client: {
      status: response.status,
      headers: Object.fromEntries(
        Map.groupBy(response.headers, ([name]) => name.toLowerCase())
          .entries()
          .filter(([name]) => !notCompared.has(name))
          .map(([name, lines]): [string, string[]] => [name, lines.map(([, value]) => value)])
          .toArray()
          .toSorted(([a], [b]) => a.localeCompare(b)),
      ),
      body: response.text,
    },
  };
}

/** Both packages' middlewares are Express's. */
export function asHandler(middleware: unknown): RequestHandler {
  return middleware as RequestHandler;
}

/** What is done with both packages, once each, and compared. */
export interface Scenario {
  /** @param note is told what the program has seen; compared too. */
  readonly options?: (url: string, lib: ProxyPackage, other: string, note: (text: string) => void) => Options;
  /** Where the proxy is mounted. */
  readonly mount?: string;
  readonly before?: readonly RequestHandler[];
  readonly script?: Script;
  readonly requests?: readonly string[];
  /** What holds of what both have done: that the scenario is one at all. */
  readonly holds?: (seen: readonly Seen[], other: string, notes: readonly string[]) => void;
}

/** A GET of a path. @param more header lines, each with its CRLF. */
export function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: app.test\r\n${more}\r\n`;
}

/** A POST with a body. */
export function post(type: string, body: string, more = ''): string {
  const length = Buffer.byteLength(body);
  return `POST /api/x HTTP/1.1\r\nHost: app.test\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n${more}\r\n${body}`;
}

/** Answers with a redirect. */
export function redirect(location: string, status = 302): Script {
  return answer({ status, headers: [['Location', location]], body: 'moved' });
}

/** Runs each scenario through both packages, in an app of Express, and compares what target, client and program saw. */
export function compareScenarios(title: string, scenarios: Readonly<Record<string, Scenario>>): void {
  describe(title, () => {
    for (const [name, scenario] of Object.entries(scenarios)) it(name, (t) => compare(t, scenario));
  });
}

async function compare(t: TestContext, scenario: Scenario): Promise<void> {
  const target = await startRecordingTarget(t);
  const other = await startRecordingTarget(t);
  if (scenario.script !== undefined) target.script = scenario.script;
  const all: { readonly seen: Seen[]; readonly notes: string[] }[] = [];
  for (const [, lib] of packages) {
    const notes: string[] = [];
    const options = scenario.options?.(target.url, lib, other.url, (text) => notes.push(text)) ?? {
      target: target.url,
    };
    const app = appOf(scenario, asHandler(lib.createProxyMiddleware(options)));
    const seen: Seen[] = [];
    for (const request of scenario.requests ?? [get('/x')]) seen.push(await observe(t, app, target, request));
    all.push({ seen, notes });
  }
  const [expected, actual] = all;
  assert.deepEqual(actual, expected);
  scenario.holds?.(actual?.seen ?? [], target.url, actual?.notes ?? []);
}

function appOf({ before, mount }: Scenario, proxy: RequestHandler): express.Express {
  const app = express();
  app.disable('x-powered-by');
  if (before !== undefined) app.use(...before);
  app.use(mount ?? '/', proxy);
  app.use((_request, response) => void response.status(418).send('the app'));
  // Programs look at the code of an error; the sentences are each package's own.
  app.use(((error: Error & { readonly code?: string }, _request, response, _next) => {
    if (response.headersSent) response.destroy();
    else response.status(599).send(error.code ?? error.message);
  }) as ErrorRequestHandler);
  return app;
}

/** Does something with both packages, in turns. @returns what it came to, which is the same. */
export async function withBoth<Value>(
  what: (lib: ProxyPackage, name: string) => Promise<Value>,
): Promise<Value> {
  const results: Value[] = [];
  for (const [name, lib] of packages) results.push(await what(lib, name));
  assert.deepEqual(results[1], results[0]);
  return results[1] as Value;
}

/** Serves a proxy in an app of Express. @returns the port. */
export async function serveProxy(t: TestContext, lib: ProxyPackage, options: Options): Promise<number> {
  return serveApp(t, appOf({}, asHandler(lib.createProxyMiddleware(options))));
}

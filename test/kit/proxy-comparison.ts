import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { RequestHandler } from 'express';
import * as theirs from 'http-proxy-middleware';
import * as ours from '../../src/http-proxy-middleware.ts';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';
import { exchangeOnce } from './raw-client.ts';
import type { RecordingTarget } from './recording-target.ts';

/** The package that is compared, as a program sees it: the names that both have, with the types of ours. */
export type ProxyPackage = Pick<
  typeof ours,
  'createProxyMiddleware' | 'fixRequestBody' | 'responseInterceptor' | 'definePlugin'
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
  const answer = await exchangeOnce(t, port, request, { to });
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
      status: answer.status,
      headers: Object.fromEntries(
        Map.groupBy(answer.headers, ([name]) => name.toLowerCase())
          .entries()
          .filter(([name]) => !notCompared.has(name))
          .map(([name, lines]): [string, string[]] => [name, lines.map(([, value]) => value)])
          .toArray()
          .toSorted(([a], [b]) => a.localeCompare(b)),
      ),
      body: answer.text,
    },
  };
}

/** Both packages' middlewares are Express's. */
export function asHandler(middleware: unknown): RequestHandler {
  return middleware as RequestHandler;
}

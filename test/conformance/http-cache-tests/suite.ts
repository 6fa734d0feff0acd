import { Agent, createServer, type Server } from 'node:http';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';
import suites from 'http-cache-tests/tests/index.mjs';
import { plainFetch } from './plain-fetch.ts';

/** A test of the suite. */
export interface SuiteTest {
  readonly id: string;
  readonly name: string;
  /** What its failure means: a breach of the standard, a chance missed, or nothing either way. */
  readonly kind: 'required' | 'optimal' | 'check';
  readonly dependsOn: readonly string[];
}

/** What became of the tests, by their ids: true, or what it says went wrong. */
export type SuiteResults = ReadonlyMap<string, true | string>;

/** The tests that are meant for proxies too. */
export const suiteTests: readonly SuiteTest[] = suites
  .flatMap(({ tests }) => tests)
  .filter((test) => test.browser_only !== true)
  .map(({ id, name, kind = 'required', depends_on: dependsOn = [] }) => ({ id, name, kind, dependsOn }));

/** The server behind the cache: it answers as each test has configured it. */
export function suiteServer(): Server {
  return createServer((request, response) => {
    const [, part, ...segments] = new URL(request.url ?? '', 'http://suite.test').pathname.split('/');
    if (part === 'config') handleConfig(segments, request, response);
    else if (part === 'state') handleState(segments, request, response);
    else if (part === 'test') handleTest(segments, request, response);
    else response.writeHead(404).end();
  });
}

/** How many tests go on at once. Most of their time they pause, three seconds at a time. */
const AT_ONCE = 200;

/**
 * Runs all tests against a cache. Once a process: the package keeps what it has found out.
 * @param base where the cache listens, as `http://127.0.0.1:8080`.
 */
export async function runSuite(base: string): Promise<SuiteResults> {
  const agent = new Agent({ keepAlive: true });
  try {
    await runTests([...suites], plainFetch(agent), false, base, AT_ONCE);
  } finally {
    agent.destroy();
  }
  return new Map(
    Object.entries(getResults()).map(([id, result]) => [id, result === true ? true : result.join(': ')]),
  );
}

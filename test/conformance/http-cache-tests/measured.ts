import type { ConfigInput } from '../../../src/config/schema.ts';
import { createGateway } from '../../../src/index.ts';
import { testDefaults } from '../../kit/start-gateway.ts';
import { scoreOf, type Scores } from './score.ts';
import { runSuite, suiteServer, suiteTests } from './suite.ts';

/** With what options the cache is measured. */
export const measuredOptions = {
  /** Those with which it does all that the suite calls optimal. */
  best: { heuristic: true, staleIfError: '1m', setCookie: 'strip' },
  without: {},
} as const;

/** Which of them. */
export type Measured = keyof typeof measuredOptions;

/** Runs the suite against a whole gateway with one listener, over HTTP. Once a process: see {@link runSuite}. */
export async function measure(which: Measured): Promise<Scores> {
  const server = suiteServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The server of the suite has no port.');
  const gateway = await createGateway({ config: configuration(which, address.port) });
  try {
    const [listening] = gateway.addresses;
    return scoreOf(suiteTests, await runSuite(`http://127.0.0.1:${listening?.port}`));
  } finally {
    await gateway.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

function configuration(which: Measured, port: number): ConfigInput {
  return {
    ...testDefaults,
    workers: 1,
    log: { access: 'off', level: 'error' },
    upstreams: { suite: `http://127.0.0.1:${port}` },
    routes: [
      { path: '/test', upstream: 'suite', policies: [{ cache: measuredOptions[which] }] },
      { path: '/', upstream: 'suite' },
    ],
  };
}

import { createMiddleware as forExpress } from '../../src/express.ts';
import { waygate } from '../../src/fastify.ts';
import { createGateway, type ConfigInput, type Gateway } from '../../src/index.ts';
import { createMiddleware } from '../../src/node.ts';
import { definePolicy, z } from '../../src/policy.ts';

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that the compiler must find. */
const config: ConfigInput = {
  upstreams: { users: 'http://localhost:3001' },
  routes: [{ path: '/users', upstream: 'users' }],
};
const policy = definePolicy({
  name: 'own',
  description: 'Is mine.',
  options: z.strictObject({}),
  create: () => ({}),
});

export const gateways: Promise<Gateway>[] = [
  createGateway({ config, policies: [policy], watch: false, accessLog: false }),
  createGateway({ config: { ...config, policyModules: [policy, './policies/other.ts'] } }),
  createGateway({
    configFile: 'waygate.yaml',
    accessLog: ({ status, route }) => console.log(status.toFixed(), route),
  }),
];
export const middlewares = [
  createMiddleware({ config, otherwise: 'answer', onError: 'next', url: 'original' }),
  forExpress({ configFile: 'waygate.yaml', routes: ['users'] }),
];

export function wrongGateways(): void {
  // @ts-expect-error A key that nobody knows.
  void createGateway({ config, polices: [policy] });
  // @ts-expect-error A configuration without routes.
  void createGateway({ config: {} });
  // @ts-expect-error A key of the configuration that nobody knows.
  void createGateway({ config: { ...config, listn: 3000 } });
  // @ts-expect-error A policy that is none.
  void createGateway({ config, policies: [{ name: 'own' }] });
  // @ts-expect-error A module that is neither a name nor a definition.
  void createGateway({ config: { ...config, policyModules: [{ name: 'own' }] } });
  // @ts-expect-error The access log is a function, or false.
  void createGateway({ config, accessLog: true });
  // @ts-expect-error A file has one name.
  void createGateway({ configFile: ['waygate.yaml'] });
}

export async function wrongUse(gateway: Gateway): Promise<void> {
  // @ts-expect-error A configuration is not changed in place.
  gateway.config.workers = 2;
  const result = await gateway.reload();
  // @ts-expect-error Only a reload that worked has a version.
  console.log(result.version);
  if (!result.ok) console.log(result.mistakes[0]?.line?.toFixed());
}

export function wrongMiddlewares(): void {
  // @ts-expect-error No options at all.
  createMiddleware();
  // @ts-expect-error A word that `url` does not know.
  createMiddleware({ config, url: 'full' });
  // @ts-expect-error A word that `otherwise` does not know.
  createMiddleware({ config, otherwise: 'fail' });
  // @ts-expect-error A word that `onError` does not know.
  forExpress({ config, onError: 'throw' });
  // @ts-expect-error Routes are named.
  forExpress({ config, routes: [0] });
  // @ts-expect-error A key that nobody knows.
  forExpress({ config, prefix: '/api' });
  // @ts-expect-error A plugin is registered with a configuration.
  void waygate({} as never, { config: { routs: [] } });
}

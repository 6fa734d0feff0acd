// In a project of your own: from 'waygate'.
import { createGateway } from '../../src/index.ts';
import { serverTiming } from './server-timing.ts';

const gateway = await createGateway({
  policies: [serverTiming],
  config: {
    listen: Number(process.env['PORT'] ?? 3000),
    drain: { accept: 0 }, // nobody has to be told before it ends
    routes: [
      {
        path: '/hello/:name',
        policies: [
          { 'server-timing': { metric: 'hello' } },
          { respond: { body: 'Hello, ${params.name}!\n', template: true } },
        ],
      },
    ],
  },
});

for (const { port } of gateway.addresses) console.log(`try: curl -i http://localhost:${port}/hello/Ada`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void gateway.drain());

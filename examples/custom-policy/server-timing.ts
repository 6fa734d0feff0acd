// In a project of your own: from 'waygate/policy'.
import { definePolicy, isToken, z } from '../../src/policy.ts';

/** Tells the browser's developer tools how long the gateway and the service took together, from request to response head. */
export const serverTiming = definePolicy({
  name: 'server-timing',
  description: 'Adds a Server-Timing header, which browsers show in their developer tools.',
  options: z.strictObject({
    metric: z
      .string()
      .refine(isToken, 'write letters, digits and "-"')
      .default('gateway')
      .describe('The name of the metric. Without it: gateway.'),
  }),

  create({ metric }, { clock }) {
    const startedAt = Symbol('server-timing');
    return {
      onRequest(exchange) {
        exchange.state.set(startedAt, clock.monotonic());
      },
      onResponse(exchange, head) {
        const start = exchange.state.get(startedAt);
        if (typeof start !== 'number') return;
        head.headers.append('Server-Timing', `${metric};dur=${(clock.monotonic() - start).toFixed(1)}`);
      },
    };
  },
});

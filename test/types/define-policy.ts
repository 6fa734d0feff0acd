import { definePolicy, webStreamStage, z, type PolicyDefinition, type Reply } from '../../src/policy.ts';

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that the compiler must find. */
const options = z.strictObject({
  size: z.number().default(5),
  names: z.string().transform((text) => text.split(',')),
  mode: z.enum(['a', 'b']).optional(),
});

/** What `create` gets is what the schema makes of the options: defaults filled in, texts transformed. */
export const right = definePolicy({
  name: 'right',
  description: 'Is right.',
  options,
  authenticates: true,
  alwaysAnswers: ({ size }) => size.toFixed() === '5',
  create({ size, names, mode }, { clock, metrics, logger, share, routeName }) {
    const made: [number, string[], 'a' | 'b' | undefined] = [size, names, mode];
    const counter = metrics.counter('seen', 'What was seen.', { route: routeName });
    const lease = share('key', () => ({ since: clock.now(), close: () => undefined }));
    return {
      onRequest(exchange) {
        counter.add();
        exchange.consumer = { id: made[1][0] ?? exchange.client.ip, groups: ['a'] };
        if (exchange.request.method === 'GET') return undefined;
        const reply: Reply = { status: 405, headers: [['allow', 'GET']], body: 'No.' };
        return reply;
      },
      async onResponse(exchange, head) {
        head.status = 200;
        head.headers.set('x-from', head.from);
        exchange.wrapResponseBody(webStreamStage(() => new CompressionStream('gzip')));
        await Promise.resolve();
      },
      onFinish: ({ outcome }) => logger.info({ status: outcome.status }, 'done'),
      close: () => lease.release(),
    };
  },
});

/** A definition without anything but its name, and lists of them. */
export const some: readonly PolicyDefinition[] = [right, definePolicy({ ...right, name: 'other' })];
export const name: 'right' = right.name;
export const input: z.input<typeof right.options> = { names: 'a,b' };

const base = { name: 'wrong', description: 'Is wrong.', options, create: () => ({}) } as const;

export const wrong = [
  // @ts-expect-error A key that a definition does not have.
  definePolicy({ ...base, title: 'Wrong' }),
  // @ts-expect-error No description.
  definePolicy({ name: 'wrong', options, create: () => ({}) }),
  // @ts-expect-error No options.
  definePolicy({ name: 'wrong', description: 'Is wrong.', create: () => ({}) }),
  // @ts-expect-error Options that are no schema.
  definePolicy({ ...base, options: { size: 5 } }),
  // @ts-expect-error `authenticates` is true, or left out.
  definePolicy({ ...base, authenticates: false }),
  // @ts-expect-error A verdict that is neither a reply nor nothing.
  definePolicy({ ...base, create: () => ({ onRequest: () => true }) }),
  // @ts-expect-error A reply without status.
  definePolicy({ ...base, create: () => ({ onRequest: () => ({ body: 'No.' }) }) }),
  // @ts-expect-error A promise of something else.
  definePolicy({ ...base, create: () => ({ onRequest: async () => 403 }) }),
  // @ts-expect-error A hook that no instance has, and nothing else.
  definePolicy({ ...base, create: () => ({ onRequset() {} }) }),
  definePolicy({
    ...base,
    create: ({ size }) => {
      // @ts-expect-error The option is a number.
      const text: string = size;
      return { onRequest: () => ({ status: 200, body: text }) };
    },
  }),
  definePolicy({
    ...base,
    // @ts-expect-error An option that the schema does not have.
    create: ({ sise }) => ({ onRequest: () => ({ status: 200, body: String(sise) }) }),
  }),
  definePolicy({
    ...base,
    create: (_options, setup) => {
      // @ts-expect-error Something that a policy is not lent.
      console.log(setup.process);
      // @ts-expect-error A counter has a help text.
      setup.metrics.counter('seen');
      return {};
    },
  }),
  definePolicy({
    ...base,
    create: () => ({
      onRequest(exchange) {
        // @ts-expect-error The canonical path stays what it is.
        exchange.request.path = '/other';
        // @ts-expect-error Octets, not texts.
        exchange.wrapRequestBody((next) => ({ ...next, write: (chunk: string) => next.write(chunk) }));
      },
    }),
  }),
];

import { z } from 'zod';
import { size } from '../../core/units.ts';

/** Where answers are kept. */
export const cache = z
  .strictObject({
    memory: size({ min: '1mb' })
      .prefault('128mb')
      .describe('The memory for answers, of all threads together. The least recently used go first.'),
    largest: size({ max: '1gb' }).prefault('1mb').describe('The largest body that is kept. Larger ones pass through.'),
    redis: z
      .boolean()
      .prefault(true)
      .describe(
        'Whether answers are also kept in Redis, for all gateways that share it, and purges reach them. Without `redis`, it makes no difference.',
      ),
  })
  .prefault({})
  .describe('Where the policy cache keeps answers. No memory is taken as long as no route has that policy.');

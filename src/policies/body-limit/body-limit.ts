import { z } from 'zod';
import { definePolicy } from '../../core/policy.ts';
import { size } from '../../core/units.ts';

const options = z.strictObject({
  size: size({ max: '1024gb', off: true })
    .prefault('10mb')
    .describe(
      'The largest request body, in bytes with a unit; 0 turns the limit off. Without it: 10mb. It replaces the limit of the route.',
    ),
});

/**
 * Sets the largest request body. The engine refuses a longer `Content-Length` before the body is read, and counts what
 * arrives without one; both are answered 413 (`body_too_large`).
 */
export const bodyLimit = definePolicy({
  name: 'body-limit',
  description: 'Sets the largest request body.',
  options,
  create({ size: limit }) {
    return {
      onRequest(exchange) {
        exchange.requestBodyLimit = limit;
      },
    };
  },
});

import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration, size } from '../../core/units.ts';
import { fraction, integer } from './scalars.ts';

/** Time-outs towards clients. */
export const timeouts = z
  .strictObject({
    requestHeaders: duration({ max: '10m' })
      .prefault('10s')
      .describe('The longest time for a request head to arrive; then 408.'),
    keepAlive: duration({ max: '1d' })
      .prefault('75s')
      .describe('How long an idle client connection is kept.'),
    requestBodyIdle: duration({ off: true })
      .prefault('30s')
      .describe('The longest time without a byte of the request body; then 408. 0 turns it off.'),
    requestBody: duration({ off: true })
      .prefault('300s')
      .describe(
        'The longest time for a whole request body; then 408. 0 turns it off; off on streaming routes.',
      ),
    responseWrite: duration({ off: true })
      .prefault('60s')
      .describe(
        'The longest time in which a client accepts no byte of its response; then it is reset. 0 turns it off.',
      ),
    exchange: duration({ off: true })
      .prefault('60s')
      .describe('The longest time for a whole exchange; then 504. 0 turns it off; off on streaming routes.'),
    policy: duration()
      .prefault('60s')
      .describe(
        'The longest time that one policy may take over a request or an answer, or keep a body waiting; then 500. Holds on streaming routes as well.',
      ),
  })
  .prefault({})
  .describe('Time-outs towards clients.');

/** Limits of what clients may send. */
export const limits = z
  .strictObject({
    headerBytes: size({ min: '1kb', max: '1mb' })
      .prefault('16kb')
      .describe('The largest request head; beyond it 431.'),
    headerCount: integer(1, 2000)
      .prefault(100)
      .describe('The most header lines of a request; beyond it 431.'),
    targetBytes: size({ min: '256b', max: '64kb' })
      .prefault('8kb')
      .describe('The longest request target; beyond it 414.'),
    body: size({ off: true })
      .prefault('10mb')
      .describe('The largest request body, counted as it arrives; beyond it 413. 0 turns it off.'),
    connections: z
      .union([integer(1, 1_000_000), z.literal('auto')], {
        error: (issue) => withRemedy(`${foundIn(issue.input)} is neither a whole number nor auto`, 'write a whole number from 1 to 1000000, or auto'),
      })
      .prefault('auto')
      .describe(
        'The most client connections; auto is 10,000 or half the file descriptors minus 200, whichever is less.',
      ),
    requestsPerConnection: integer(0, 1_000_000_000)
      .prefault(1000)
      .describe('The most requests on one client connection before it is closed; 0 turns it off.'),
    inFlight: integer(1, 1_000_000)
      .prefault(4096)
      .describe('The most exchanges at once; beyond it 503 with Retry-After.'),
    interimResponses: integer(0, 1000)
      .prefault(16)
      .describe('The most interim (1xx) answers before one response; beyond it 502.'),
    bodyMinRate: integer(0, 1_000_000_000)
      .prefault(240)
      .describe('The fewest bytes a second of a request body, after 5 s; below it 408. 0 turns it off.'),
  })
  .prefault({})
  .describe('Limits of what clients may send and hold.');

/** What rate limits have in common. */
export const rateLimits = z
  .strictObject({
    memory: size({ min: '64kb', max: '4gb' })
      .prefault('64mb')
      .describe(
        'The memory in which keys are counted, 32 bytes each, for all threads together; 64mb hold a million. It is taken as it is needed.',
      ),
  })
  .prefault({})
  .describe('What all policies `rate-limit` have in common.');

/** The logs. */
export const log = z
  .strictObject({
    access: z
      .enum(['auto', 'json', 'pretty', 'off'])
      .prefault('auto')
      .describe('The form of the access log; auto is pretty on a terminal and json elsewhere.'),
    level: z
      .enum(['debug', 'info', 'warn', 'error'])
      .prefault('info')
      .describe('The least important message of the operational log that is still written.'),
    query: z
      .boolean()
      .prefault(false)
      .describe('Whether the access log shows query strings, which may hold secrets.'),
  })
  .prefault({})
  .describe('The access log and the operational log.');

/** How many threads serve. */
export const workers = z
  .union([integer(1, 256), z.literal('auto')], {
    error: (issue) =>
      withRemedy(
        `${foundIn(issue.input)} is neither a number of threads nor auto`,
        'write a whole number from 1 to 256, or auto',
      ),
  })
  .prefault(1)
  .describe('How many threads serve, each on a core of its own; auto is one for each core.');

/** The end of the gateway. */
export const drain = z
  .strictObject({
    accept: duration({ off: true, max: '10m' })
      .prefault('5s')
      .describe('How long new connections are still accepted after readiness is off. 0 stops at once.'),
    timeout: duration({ off: true, max: '1d' })
      .prefault('30s')
      .describe('How long exchanges under way may take to finish; then they are destroyed. 0 does not wait.'),
  })
  .prefault({})
  .describe('What happens between SIGTERM and the end.');

/** When the gateway sheds load. */
export const overload = z
  .strictObject({
    eventLoopDelay: duration({ off: true, max: '1m' })
      .prefault('200ms')
      .describe(
        'The event-loop delay (p99, for 2 s) above which requests are refused with 503. 0 turns it off.',
      ),
    memory: fraction(0, 1)
      .prefault(0.85)
      .describe(
        'The share of the available memory above which requests are refused with 503. 0 turns it off.',
      ),
  })
  .prefault({})
  .describe('When the gateway refuses work to stay alive.');

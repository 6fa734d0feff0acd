import type { Exchange, Reply } from '../../core/exchange.ts';
import { definePolicy } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { findCredentials } from './credentials.ts';
import { options } from './options.ts';
import { leaseVerifier, type Verdict } from './verifier.ts';

/** Seconds after which there may be room again. */
const RETRY_AFTER = '1';

/** Lets requests pass that have the name and password of a user (RFC 7617); refuses the others with 401, whatever is wrong. */
export const basicAuth = definePolicy({
  name: 'basic-auth',
  description: 'Lets requests with the name and password of a user pass, and says who is asking.',
  options,
  authenticates: true,
  create(written, setup) {
    const { realm, forward } = written;
    const { metrics } = setup;
    const verifier = leaseVerifier(written, setup);
    const challenge = `Basic realm="${realm.replace(/["\\]/g, '\\$&')}", charset="UTF-8"`;
    const refused = metrics.counter('refused', 'Requests refused for want of a valid name and password.');
    const remembered = metrics.counter('remembered', 'Requests whose name and password were remembered.');
    const computed = metrics.counter('computed', 'Passwords that were compared with a digest.');
    const busy = metrics.counter('busy', 'Requests refused because too many passwords were being verified.');
    const onComputed = (): void => computed.add();

    const refuse = (exchange: Exchange, anonymous: boolean): Reply => {
      refused.add();
      const detail = 'A valid name and password are needed.';
      const headers = [['www-authenticate', challenge]] as const;
      const reply = problemReply({ status: 401, detail, code: 'password_refused', headers }, exchange);
      return anonymous ? { ...reply, anonymous } : reply;
    };

    const tryLater = (exchange: Exchange): Reply => {
      busy.add();
      const detail = 'Passwords cannot be verified now; try again in a moment.';
      const headers = [['retry-after', RETRY_AFTER]] as const;
      return problemReply({ status: 503, detail, code: 'passwords_busy', headers }, exchange);
    };

    const settle = (exchange: Exchange, verdict: Verdict): Reply | undefined => {
      if (verdict.kind === 'busy') return tryLater(exchange);
      if (verdict.kind === 'bad') return refuse(exchange, false);
      exchange.consumer = verdict.consumer;
      if (!forward) exchange.request.headers.delete('authorization');
      return undefined;
    };

    const verify = async (exchange: Exchange, encoded: string): Promise<Reply | undefined> =>
      settle(exchange, await verifier.value.verify(encoded, onComputed));

    return {
      onRequest(exchange) {
        const found = findCredentials(exchange.request.headers);
        if (found.kind !== 'credentials') return refuse(exchange, found.kind === 'none');
        const verdict = verifier.value.recall(found.encoded);
        if (verdict === undefined) return verify(exchange, found.encoded);
        remembered.add();
        return settle(exchange, verdict);
      },
      async explain(exchange) {
        const found = findCredentials(exchange.request.headers);
        if (found.kind === 'none')
          return { reply: refuse(exchange, true), notes: ['there is no name and password'] };
        const reply =
          found.kind === 'malformed' ? refuse(exchange, false) : await verify(exchange, found.encoded);
        return {
          reply,
          notes: [
            exchange.consumer !== undefined && reply === undefined
              ? `it is the password of ${exchange.consumer.id}`
              : 'there is no user with that name and password',
          ],
        };
      },
      discardCredentials({ request: { headers } }) {
        if (findCredentials(headers).kind !== 'none') headers.delete('authorization');
      },
      close: () => {
        verifier.release();
      },
    };
  },
});

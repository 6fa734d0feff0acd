import { hash } from 'node:crypto';
import { BearerChallenge } from '../../core/bearer-challenge.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { definePolicy, PolicyOptionError, type Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { isOpenToAll } from '../../core/service-url.ts';
import type { Lease } from '../../core/shared.ts';
import { bearerToken } from '../../http/bearer.ts';
import { options, type IntrospectionOptions } from './options.ts';
import type { Verdict } from './read-answer.ts';
import { TokenEndpoint } from './token-endpoint.ts';

/** Seconds after which the endpoint may answer again. */
const RETRY_AFTER = '5';

/** The longest token that is asked about, in characters. */
const MAX_TOKEN = 8192;

/** RFC 6750 §2.1: what is no token is not asked about. */
const tokenSyntax = /^[A-Za-z0-9._~+/-]+=*$/;

const notOneToken: Verdict = { kind: 'refused', reason: 'not one token of at most 8192 characters' };

/** Lets requests pass whose token an authorization server says is active (RFC 7662), and says who is asking. */
export const introspection = definePolicy({
  name: 'introspection',
  description:
    'Lets requests pass whose token an authorization server says is active, and says who is asking.',
  options,
  authenticates: true,
  create(written, setup) {
    checkUrl(written);
    const endpoint = leaseEndpoint(written, setup);
    const challenge = new BearerChallenge(written.resourceMetadata);
    const counter = {
      remembered: setup.metrics.counter('remembered', 'Requests whose token was remembered, as good or bad.'),
      active: setup.metrics.counter('passed', 'Requests that passed with an active token.'),
      refused: setup.metrics.counter('refused', 'Requests refused for want of an active token.'),
      unavailable: setup.metrics.counter('unavailable', 'Requests whose token nobody could be asked about.'),
    };

    const noToken = (exchange: Exchange): Reply => {
      counter.refused.add();
      return challenge.missing(exchange);
    };

    const settle = (exchange: Exchange, verdict: Verdict): Reply | undefined => {
      counter[verdict.kind].add();
      if (verdict.kind === 'active') {
        exchange.consumer = verdict.consumer;
        if (!written.forwardToken) exchange.request.headers.delete('authorization');
        return undefined;
      }
      const { id: requestId, routeName: route } = exchange;
      const fields = { requestId, route, policy: 'introspection', reason: verdict.reason };
      if (verdict.kind === 'unavailable') {
        setup.logger.info(fields, 'nobody could be asked about a token');
        return notNow(exchange);
      }
      setup.logger.info(fields, 'a token was refused');
      return challenge.invalid(exchange);
    };

    const ask = async (exchange: Exchange, token: string): Promise<Reply | undefined> =>
      settle(exchange, await endpoint.value.ask(token));

    return {
      onRequest(exchange) {
        const token = tokenOf(exchange);
        if (token === undefined) return written.optional ? undefined : noToken(exchange);
        if (token === null) return settle(exchange, notOneToken);
        const verdict = endpoint.value.recall(token);
        if (verdict === undefined) return ask(exchange, token);
        counter.remembered.add();
        return settle(exchange, verdict);
      },
      async explain(exchange) {
        const token = tokenOf(exchange);
        if (token === undefined)
          return { reply: written.optional ? undefined : noToken(exchange), notes: ['there is no token'] };
        const verdict = token === null ? notOneToken : await endpoint.value.explain(token);
        const { origin, pathname } = new URL(written.url);
        const asked = token === null ? [] : [`asks POST ${origin}${pathname} about the token`];
        return { reply: settle(exchange, verdict), notes: [...asked, verdictNote(verdict)] };
      },
      discardCredentials({ request }) {
        if (bearerToken(request.headers.getAll('authorization')).kind !== 'none')
          request.headers.delete('authorization');
      },
      close: () => {
        endpoint.release();
      },
    };
  },
});

/** @returns undefined when there is none, null when there is something that cannot be one. */
function tokenOf({ request }: Exchange): string | null | undefined {
  const found = bearerToken(request.headers.getAll('authorization'));
  if (found.kind === 'none') return undefined;
  const isToken = found.kind === 'token' && found.text.length <= MAX_TOKEN && tokenSyntax.test(found.text);
  return isToken ? found.text : null;
}

function notNow(exchange: Exchange): Reply {
  const detail = 'Tokens cannot be verified now; try again in a moment.';
  const headers = [['retry-after', RETRY_AFTER]] as const;
  return problemReply({ status: 503, detail, code: 'introspection_unavailable', headers }, exchange);
}

function checkUrl({ url, allowHttp }: IntrospectionOptions): void {
  if (allowHttp || !isOpenToAll(url)) return;
  throw new PolicyOptionError(
    ['url'],
    'tokens and the secret would be sent without TLS to another machine',
    'write an https URL, or allowHttp: true where the network is yours alone',
  );
}

/** One endpoint for all routes that ask it the same way, so that a token is asked about once. */
function leaseEndpoint(written: IntrospectionOptions, setup: Setup): Lease<TokenEndpoint> {
  const { forwardToken: _forward, optional: _optional, resourceMetadata: _metadata, ...asked } = written;
  const digest = hash('sha256', JSON.stringify(asked), 'base64');
  return setup.share(`endpoint ${digest}`, () => new TokenEndpoint(written, setup));
}

/** What the operator is told of a token, and no client is. */
function verdictNote(verdict: Verdict): string {
  if (verdict.kind === 'active') return `the token is active: ${verdict.consumer.id}`;
  if (verdict.kind === 'refused') return `the token is refused: ${verdict.reason}`;
  return `the endpoint cannot be relied on: ${verdict.reason}`;
}

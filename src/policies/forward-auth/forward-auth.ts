import { hash } from 'node:crypto';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { definePolicy, type Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import type { Lease } from '../../core/shared.ts';
import { LookAlikes } from '../../http/look-alikes.ts';
import { AuthService } from './auth-service.ts';
import { checkOptions } from './check-options.ts';
import { options, type ForwardAuthOptions } from './options.ts';
import { isCredential, questionOf, type Question } from './question.ts';
import { unavailable, type Verdict } from './verdict.ts';

/** Seconds after which the service may give verdicts again. */
const RETRY_AFTER = '5';

/**
 * Asks another service whether a request may pass, and obeys: 2xx lets it pass, 401 and 403 are the answer, and without a
 * verdict it is 503 (`auth_unavailable`).
 */
export const forwardAuth = definePolicy({
  name: 'forward-auth',
  description: 'Asks another service whether a request may pass, and who is asking.',
  options,
  authenticates: true,
  create(written, setup) {
    checkOptions(written);
    const service = leaseService(written, setup);
    const { requestHeaders, responseHeaders, consumerHeader, groupsHeader, scopesHeader } = written;
    const told = [...responseHeaders, consumerHeader, groupsHeader, scopesHeader];
    const forged = new LookAlikes(told.filter((name) => name !== undefined));
    const credentials = requestHeaders.map((name) => name.toLowerCase()).filter(isCredential);
    const varying = requestHeaders.filter((name) => name.toLowerCase() !== 'authorization').join(', ');
    const counter = {
      remembered: setup.metrics.counter('remembered', 'Requests whose verdict was remembered.'),
      passes: setup.metrics.counter('passed', 'Requests that the service let pass.'),
      refused: setup.metrics.counter('refused', 'Requests that the service refused.'),
      unavailable: setup.metrics.counter('unavailable', 'Requests that there was no verdict for.'),
    };

    const obey = (
      exchange: Exchange,
      question: Question | undefined,
      verdict: Verdict,
    ): Reply | undefined => {
      counter[verdict.kind].add();
      if (verdict.kind === 'unavailable') return noVerdict(exchange, verdict.reason);
      if (verdict.kind === 'refused')
        return question?.hasCredentials === true ? verdict.reply : { ...verdict.reply, anonymous: true };
      const { headers } = exchange.request;
      headers.deleteLookAlikes(forged);
      for (const [name, value] of verdict.headers) headers.append(name, value);
      if (verdict.consumer !== undefined) exchange.consumer = verdict.consumer;
      return undefined;
    };

    const noVerdict = (exchange: Exchange, reason: string): Reply => {
      const fields = { requestId: exchange.id, route: exchange.routeName, policy: 'forward-auth', reason };
      setup.logger.info(fields, 'there is no verdict about a request');
      const detail = 'Whether you may do this cannot be found out now; try again in a moment.';
      const headers = [['retry-after', RETRY_AFTER]] as const;
      return problemReply({ status: 503, code: 'auth_unavailable', detail, headers }, exchange);
    };

    const ask = async (exchange: Exchange, question: Question): Promise<Reply | undefined> =>
      obey(exchange, question, await service.value.ask(question));

    return {
      onRequest(exchange) {
        const question = questionOf(exchange, requestHeaders);
        if (question === undefined) return obey(exchange, question, cameRound);
        const verdict = service.value.recall(question);
        if (verdict === undefined) return ask(exchange, question);
        counter.remembered.add();
        return obey(exchange, question, verdict);
      },
      onResponse(_exchange, { headers }) {
        // Caches know that answers to `Authorization` are private (RFC 9111 §3.5), but not that these are.
        if (varying !== '') headers.append('Vary', varying);
      },
      async explain(exchange) {
        const question = questionOf(exchange, requestHeaders);
        const verdict = question === undefined ? cameRound : await service.value.explain(question);
        const asked = question === undefined ? [] : [questionNote(written, question)];
        return { reply: obey(exchange, question, verdict), notes: [...asked, verdictNote(verdict)] };
      },
      discardCredentials({ request }) {
        // Where the other policy has found its own credentials, any-of leaves them there.
        for (const name of credentials) request.headers.delete(name);
        request.headers.deleteLookAlikes(forged);
      },
      close: () => {
        service.release();
      },
    };
  },
});

const cameRound = unavailable('the request is a question itself, that came round: `url` leads back to here');

/** One service for all routes that ask it the same way, and over reloads: what it said still holds. */
function leaseService(written: ForwardAuthOptions, setup: Setup): Lease<AuthService> {
  const digest = hash('sha256', JSON.stringify(written), 'base64');
  return setup.share(`service ${digest}`, () => new AuthService(written, setup));
}

function questionNote({ url, method }: ForwardAuthOptions, { lines }: Question): string {
  const { origin, pathname } = new URL(url);
  return `asks ${method} ${origin}${pathname} with ${lines.map(([name]) => name).join(', ')}`;
}

function verdictNote(verdict: Verdict): string {
  if (verdict.kind === 'unavailable') return `there is no verdict: ${verdict.reason}`;
  if (verdict.kind === 'refused') return `it refuses with ${verdict.reply.status}`;
  const who =
    verdict.consumer === undefined ? 'it lets the request pass' : `it lets ${verdict.consumer.id} pass`;
  return verdict.headers.length === 0
    ? who
    : `${who}, with ${verdict.headers.map(([name]) => name).join(', ')}`;
}

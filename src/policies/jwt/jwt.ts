import { hash } from 'node:crypto';
import type { Consumer, Exchange, Reply, ResponseHead } from '../../core/exchange.ts';
import { definePolicy, type Setup } from '../../core/policy.ts';
import type { Lease } from '../../core/shared.ts';
import { normalType } from './claims.ts';
import { compileIssuers } from './issuer.ts';
import { options, type JwtOptions } from './options.ts';
import { Refusals } from './refusals.ts';
import { removeBearer, tokenPlace } from './token-place.ts';
import { Verifier, type Verdict } from './verifier.ts';

const notOneToken = 'not one token in its place';

/** Lets requests pass whose token (RFC 7519) an issuer has signed, and says who is asking; refuses the others with 401. */
export const jwt = definePolicy({
  name: 'jwt',
  description: 'Lets requests pass that bring a valid JSON Web Token, and says who is asking.',
  options,
  authenticates: true,
  create(written, setup) {
    const verifier = sharedVerifier(written, setup);
    const place = tokenPlace(written.from);
    const forwards = written.forwardToken ?? written.from === 'authorization';
    const removes = written.from !== 'authorization' || !forwards;
    const isInCookie = written.from !== 'authorization' && written.from.cookie !== undefined;
    const refusals = new Refusals(written.resourceMetadata, setup);
    const remembered = setup.metrics.counter(
      'remembered',
      'Requests whose token was remembered as a good one.',
    );
    const verified = setup.metrics.counter('verified', 'Requests whose token was verified, and found good.');

    const letPass = (exchange: Exchange, token: string, consumer: Consumer): undefined => {
      exchange.consumer = consumer;
      if (!removes) return;
      place.remove(exchange.request);
      if (forwards) exchange.request.headers.set('Authorization', `Bearer ${token}`);
      else removeBearer(exchange.request);
    };

    /** A service that takes bearer tokens for verified must not get one that nobody has looked at. */
    const withoutToken = (exchange: Exchange): Reply | undefined => {
      if (!written.optional) return refusals.noToken(exchange);
      removeBearer(exchange.request);
      return undefined;
    };

    const settle = (exchange: Exchange, token: string, verdict: Verdict): Reply | undefined => {
      if (verdict.kind === 'refused') return refusals.badToken(exchange, verdict.reason);
      if (verdict.kind === 'unavailable')
        return refusals.noKeys(exchange, verdict.reason, verdict.retryAfter);
      verified.add();
      return letPass(exchange, token, verdict.consumer);
    };

    const verify = async (exchange: Exchange, token: string): Promise<Reply | undefined> =>
      settle(exchange, token, await verifier.value.verify(token));

    return {
      onRequest(exchange) {
        const found = place.find(exchange.request);
        if (found.kind === 'none') return withoutToken(exchange);
        if (found.kind === 'malformed') return refusals.badToken(exchange, notOneToken);
        const consumer = verifier.value.recall(found.text);
        if (consumer === undefined) return verify(exchange, found.text);
        remembered.add();
        return letPass(exchange, found.text, consumer);
      },
      async explain(exchange) {
        const found = place.find(exchange.request);
        if (found.kind === 'none') return { reply: withoutToken(exchange), notes: ['there is no token'] };
        if (found.kind === 'malformed')
          return {
            reply: refusals.badToken(exchange, notOneToken),
            notes: [`the token is refused: ${notOneToken}`],
          };
        await verifier.value.loadKeys(found.text);
        const verdict = await verifier.value.verify(found.text);
        return { reply: settle(exchange, found.text, verdict), notes: [verdictNote(verdict)] };
      },
      // Caches know that answers to `Authorization` are private (RFC 9111 §3.5), but not that these are.
      ...(isInCookie && {
        onResponse: (_exchange: Exchange, { headers }: ResponseHead): void =>
          headers.append('Vary', 'Cookie'),
      }),
      discardCredentials({ request }) {
        if (place.find(request).kind !== 'none') place.remove(request);
        removeBearer(request);
      },
      close: () => {
        verifier.release();
      },
    };
  },
});

/** One verifier for all routes with the same rules, so that a token is remembered once. */
function sharedVerifier(written: JwtOptions, setup: Setup): Lease<Verifier> {
  const { issuer, audience, algorithms, jwks, pem, secret, secretEncoding, allowHttp, issuers, ...others } =
    written;
  const { typ, clockSkew, requiredClaims, consumerClaim, groupsClaim, remember } = others;
  const { keyMaxAge, keyMaxStale, keyCooldown, fetchTimeout } = others;
  const what = [
    ...[issuer, audience, algorithms, jwks, pem, secret, secretEncoding, allowHttp, issuers],
    ...[typ, clockSkew, requiredClaims, consumerClaim, groupsClaim, remember],
    ...[keyMaxAge, keyMaxStale, keyCooldown, fetchTimeout],
  ];
  const digest = hash('sha256', JSON.stringify(what), 'base64');
  return setup.share(`verifier ${digest}`, () => {
    const rules = {
      types: typ === undefined ? undefined : new Set([typ].flat().map(normalType)),
      ...{ clockSkew, requiredClaims, consumerClaim, groupsClaim },
    };
    return new Verifier(compileIssuers(written, setup), rules, remember, setup.clock);
  });
}

/** What the operator is told of a token, and no client is. */
function verdictNote(verdict: Verdict): string {
  if (verdict.kind === 'refused') return `the token is refused: ${verdict.reason}`;
  if (verdict.kind === 'unavailable') return `the token cannot be verified: ${verdict.reason}`;
  return 'the token is valid';
}

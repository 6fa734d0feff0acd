/**
 * What tokens cost: looked up, verified, and refused before anything is verified; how much of it falls on the event loop; and
 * what others wait who need the thread pool, such as files and DNS, while tokens are verified as fast as they go.
 */
import { stat } from 'node:fs/promises';
import type { z } from 'zod';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { benchPolicy } from '../../test/kit/policy-bench.ts';
import {
  issueRaw,
  issueToken,
  jwksOf,
  newKey,
  plainClaims,
  type SigningKey,
} from '../../test/kit/token-issuer.ts';
import { jwt } from '../../src/policies/jwt/jwt.ts';
import { Meter } from './meter.ts';

/** As many tokens are verified at a time as a gateway under load would. */
const AT_ONCE = 64;

/** @param count how many different tokens of each kind. */
export async function tokens(meter: Meter, count = 4000): Promise<void> {
  const rs256 = newKey('k', 'RS256');
  const kinds = [
    ['RS256, 2048 bits', rs256],
    ['RS256, 4096 bits', newKey('k', 'RS256', count < 100 ? 2048 : 4096)],
    ['ES256', newKey('k', 'ES256')],
  ] as const;
  await remembered(meter, rs256);
  await hostile(meter, rs256, Math.ceil(count / 10));
  for (const [name, key] of kinds) await fresh(meter, name, key, count);
}

function policyWith(key: SigningKey, options: Partial<z.input<typeof jwt.options>> = {}) {
  const { instance } = benchPolicy(jwt, {
    issuer: plainClaims.iss,
    audience: plainClaims.aud,
    jwks: jwksOf(key),
    ...options,
  });
  return (token: string) =>
    instance.onRequest?.(fakeExchange({ headers: { authorization: `Bearer ${token}` } }));
}

async function remembered(meter: Meter, key: SigningKey): Promise<void> {
  const { instance } = benchPolicy(jwt, {
    issuer: plainClaims.iss,
    audience: plainClaims.aud,
    jwks: jwksOf(key),
  });
  const exchange = fakeExchange({ headers: { authorization: `Bearer ${issueToken(key)}` } });
  await instance.onRequest?.(exchange);
  meter.time('SHA-256 and look-up of a remembered token', 200_000, () =>
    instance.onRequest?.(exchange) === undefined ? 1 : 2,
  );
}

/** Tokens that are made to take long: refused on the event loop, and not verified at all. */
async function hostile(meter: Meter, key: SigningKey, count: number): Promise<void> {
  const ask = policyWith(key);
  const header = JSON.stringify({ alg: 'RS256', kid: 'k' });
  const claims = JSON.stringify(plainClaims);
  const inside = (member: string): string => claims.replace('{', `{${member},`);
  const names = Array.from({ length: 700 }, (_, i) => `"${i}":1`).join(',');
  for (const [what, token] of [
    ['2,700 nested arrays', issueRaw(key, header, inside(`"x":${'['.repeat(2700)}${']'.repeat(2700)}`))],
    ['700 names, the last one twice', issueRaw(key, header, inside(`${names},"699":1`))],
    ['5,500 escapes in one text', issueRaw(key, header, inside(`"x":"${'\\n'.repeat(2750)}","x":1`))],
    ['8,193 characters', 'x'.repeat(8193)],
  ] as const) {
    const start = performance.now();
    for (let i = 0; i < count; i++) await ask(token);
    meter.line(`refused: ${what}`, (((performance.now() - start) * 1e6) / count).toFixed(0), 'ns');
  }
}

async function fresh(meter: Meter, name: string, key: SigningKey, count: number): Promise<void> {
  const ask = policyWith(key, { remember: 0 });
  const all = Array.from({ length: Math.min(count, 200) }, (_, i) =>
    issueToken(key, { ...plainClaims, jti: String(i) }),
  );
  const verifyAll = async (): Promise<void> => {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < count) {
        const token = all[next++ % all.length] ?? '';
        if ((await ask(token)) !== undefined) throw new Error('a good token was refused');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  };
  await verifyAll();
  const idle = await longestStat(Promise.resolve());
  const start = performance.now();
  const before = process.threadCpuUsage();
  await verifyAll();
  const { user, system } = process.threadCpuUsage(before);
  const each = ((performance.now() - start) * 1e6) / count;
  meter.line(`${name}: a fresh token, ${AT_ONCE} at a time`, each.toFixed(0), 'ns');
  meter.line(`${name}: of that on the event loop`, (((user + system) * 1000) / count).toFixed(0), 'ns');
  const busy = await longestStat(verifyAll());
  meter.line(`${name}: a file looked at meanwhile, median`, busy.median.toFixed(1), 'ms');
  meter.line(`${name}: the same with nothing else to do`, idle.median.toFixed(1), 'ms');
  meter.line(`${name}: longest turn of the event loop meanwhile`, busy.longestTurn.toFixed(1), 'ms');
}

/** What a file operation takes, and a turn of the event loop, as long as something goes on; a few times at least. */
async function longestStat(
  meanwhile: Promise<void>,
): Promise<{ readonly median: number; readonly longestTurn: number }> {
  const work = { isDone: false };
  void meanwhile.then(() => (work.isDone = true));
  const times: number[] = [];
  let longestTurn = 0;
  let last = performance.now();
  const turn = (): void => {
    longestTurn = Math.max(longestTurn, performance.now() - last);
    last = performance.now();
    if (!work.isDone) setImmediate(turn);
  };
  setImmediate(turn);
  while (!work.isDone || times.length < 20) {
    const start = performance.now();
    await stat(import.meta.filename);
    times.push(performance.now() - start);
  }
  await meanwhile;
  return { median: times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN, longestTurn };
}

if (import.meta.main) await tokens(new Meter());

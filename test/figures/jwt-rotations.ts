// Keys of a real identity provider rotate 100 times under load: no valid token is refused. Then a flood of unknown kids, during
// which they rotate too: at most one fetch in a cool-down, and still no valid token is told that it is not.
import { randomBytes } from 'node:crypto';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { openIdentityProvider } from '../kit/identity-provider.ts';
import { issueToken, newKey, type SigningKey } from '../kit/token-issuer.ts';
import { report } from './figure.ts';
import { failuresIn, Load, type LoadResult } from './load.ts';
import { openTarget } from './target.ts';

const ROTATIONS = 100;
const TOKENS = 10;
const REQUESTS = 300;
const FLOOD = 35_000;
const COOLDOWN = 10_000;
const audience = 'https://orders.example';

const { server, url } = await openTarget((_request, response) => response.end('OK'));
const provider = await openIdentityProvider();
let key = newKey('k0');
provider.publish(key);
const gateway = await openGatewayProcess({
  upstreams: { service: url },
  policies: [{ jwt: { issuer: provider.issuer, audience, algorithms: ['ES256'] } }],
  routes: [{ path: '/', upstream: 'service' }],
  log: { access: 'off', level: 'error' },
});
const tokens: string[] = [];
try {
  const rotations = await rotate();
  const fetched = provider.keyFetches;
  const { flood, valid, seconds } = await rotateInAFlood();
  const inFlood = provider.keyFetches - fetched;
  const asked = [...flood.failures.values()].reduce((sum, count) => sum + count, 0);
  const most = Math.floor((seconds * 1000) / COOLDOWN) + 1;
  report(
    {
      name: `${ROTATIONS} rotations: requests that were not answered with 200, of ${rotations.answered}`,
      measured: failuresIn(rotations),
      asked: 'none',
      met: rotations.failures.size === 0,
    },
    {
      name: 'fetches of keys meanwhile',
      measured: String(fetched),
      asked: `${ROTATIONS + 1}: one at the start, one a rotation`,
      met: fetched === ROTATIONS + 1,
    },
    {
      name: `unknown kids, ${Math.round(asked / seconds)} a second for ${Math.round(seconds)} s: fetches of keys`,
      measured: String(inFlood),
      asked: `≤ ${most} at a cool-down of ${COOLDOWN / 1000} s, and one more for each of 3 rotations`,
      met: inFlood <= most + 3,
    },
    {
      name: 'the same: what they were told',
      measured: failuresIn(flood),
      asked: '401 or 503',
      met:
        flood.answered === 0 && [...flood.failures.keys()].every((what) => /^status (401|503)$/.test(what)),
    },
    {
      name: `the same: valid tokens that were told something else than 200, of ${valid.answered} and these`,
      measured: failuresIn(valid),
      asked: 'no 401',
      met: valid.answered > 0 && [...valid.failures.keys()].every((what) => what === 'status 503'),
    },
  );
} finally {
  await gateway.close();
  await provider.close();
  server.close();
  server.closeAllConnections();
}

/** Old, both, new: as issuers do, except that a new key signs from the moment on that it is published. */
async function rotate(): Promise<LoadResult> {
  tokens.push(await provider.token(audience));
  const load = validLoad(16);
  await more(load, REQUESTS);
  for (let i = 1; i <= ROTATIONS; i++) await step(load, newKey(`k${i}`));
  return load.stop();
}

async function step(load: Load, next: SigningKey): Promise<void> {
  provider.publish(next, key);
  const retired = tokens.length;
  for (let i = 0; i < TOKENS; i++) tokens.push(await provider.token(audience));
  await more(load, REQUESTS);
  tokens.splice(0, retired);
  await load.settled();
  provider.publish((key = next));
  await more(load, REQUESTS);
}

async function rotateInAFlood() {
  const claims = { iss: provider.issuer, aud: audience, sub: 'nobody', exp: Date.now() / 1000 + 3600 };
  const [, payload, signature] = issueToken(key, claims).split('.');
  const begun = performance.now();
  const since = (): number => performance.now() - begun;
  const load = new Load(gateway.port, '/x', 64, {
    headers: () => {
      const header = JSON.stringify({ alg: 'ES256', kid: randomBytes(8).toString('hex') });
      return { authorization: `Bearer ${Buffer.from(header).toString('base64url')}.${payload}.${signature}` };
    },
  });
  const valid = validLoad(4);
  for (let i = 1; i <= 3; i++) {
    await eventually(() => since() >= (i * FLOOD) / 4, 'time passes', FLOOD);
    await step(valid, newKey(`flood${i}`));
  }
  await eventually(() => since() >= FLOOD, 'time passes', FLOOD);
  return { flood: await load.stop(), valid: await valid.stop(), seconds: since() / 1000 };
}

function validLoad(connections: number): Load {
  const anyToken = (): string => tokens[Math.floor(Math.random() * tokens.length)] ?? '';
  return new Load(gateway.port, '/x', connections, {
    headers: () => ({ authorization: `Bearer ${anyToken()}` }),
  });
}

async function more(load: Load, requests: number): Promise<void> {
  const enough = load.answered + requests;
  await eventually(() => load.answered >= enough, `${requests} more requests`, 60_000);
}

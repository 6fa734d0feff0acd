import { hash } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { startGateway, type TestGateway } from '../kit/start-gateway.ts';
import { issueRaw, issueToken, jwksOf, newKey } from '../kit/token-issuer.ts';

/** What a path asks of whoever wants it; `nobody` is for paths that no client of the test may reach. */
export type Need = 'anyone' | 'token' | 'key' | 'nobody';

/** Who may have the paths of a target. */
type NeedOf = (host: string, method: string, path: string) => Need;

/** A target, and what is asked of whoever reaches it. */
export interface GuardedTarget {
  readonly target: RecordingTarget;
  readonly needOf: NeedOf;
}

/** A gateway in front of three services with rules of many kinds. */
export interface AccessScene {
  readonly gateway: TestGateway;
  readonly targets: readonly GuardedTarget[];
  /** Values of Authorization, those that pass and those that must not. */
  readonly tokens: readonly string[];
  readonly keys: readonly string[];
  readonly goodToken: string;
  readonly goodKey: string;
}

const goodKey = 'wg_IQ2R3qbm3aauTdo4QhbWp4ALHlT9Vg5MVqYpDc65Io044vrIp';
const issuer = 'https://issuer.example';

/**
 * The rules for `service`, which gets paths, hosts and methods as they were matched. Written by hand from the configuration
 * below, as a reader of docs/routing.md would; nothing of the gateway's own code is in it.
 */
function needOfService(host: string, method: string, path: string): Need {
  if (host === 'admin.test') return 'key';
  if (host.endsWith('.tenant.test')) return 'token';
  if (path === '/public/health') return 'anyone';
  const [first = '', second = '', ...rest] = path.slice(1).split('/');
  const single = second !== '' && rest.length === 0;
  switch (first) {
    case 'public':
      return 'token';
    case 'static':
      return second === 'private' ? 'key' : 'anyone';
    case 'orders':
      if (single && (method === 'GET' || method === 'HEAD')) return 'token';
      return method === 'POST' || method === 'DELETE' ? 'key' : 'nobody';
    case 'files':
      return single && /^[a-z]+\.txt$/.test(second) ? 'anyone' : 'token';
    default:
      return 'nobody';
  }
}

/** Starts the scene. Each service whose paths are rewritten is one of its own, so that its paths have one meaning. */
export async function startAccessScene(t: TestContext): Promise<AccessScene> {
  const [service, legacy, users] = [
    await startRecordingTarget(t),
    await startRecordingTarget(t),
    await startRecordingTarget(t),
  ];
  const signing = newKey('k1');
  const urls = { service: service.url, legacy: legacy.url, users: users.url };
  const gateway = await startGateway(t, accessConfig(urls, jwksOf(signing)));
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const claims = { iss: issuer, aud: 'orders', sub: 'alice', email: 'alice@example.com', exp };
  const good = issueToken(signing, claims);
  const [head = '', payload = '', signature = ''] = good.split('.');
  const goodToken = `Bearer ${good}`;
  return {
    gateway,
    targets: [
      { target: service, needOf: needOfService },
      { target: legacy, needOf: () => 'key' },
      {
        target: users,
        needOf: (_host, method, path) =>
          method !== 'PUT' && /^\/users\/[^/]+$/.test(path) ? 'token' : 'nobody',
      },
    ],
    goodToken,
    goodKey,
    tokens: [
      goodToken,
      `Bearer ${issueToken(newKey('k1'), claims)}`,
      `Bearer ${issueToken(signing, { ...claims, exp: exp - 7200 })}`,
      `Bearer ${issueToken(signing, { ...claims, aud: 'others' })}`,
      `Bearer ${issueRaw(signing, JSON.stringify({ alg: 'none' }), JSON.stringify(claims))}`,
      `Bearer ${head}.${payload}.`,
      `Bearer ${head}.${payload}.${signature.slice(0, -4)}AAAA`,
      `Basic ${good}`,
      good,
    ],
    keys: [goodKey, goodKey.slice(0, -1), goodKey.toUpperCase(), `${goodKey}, ${goodKey}`, '', 'wg_unknown'],
  };
}

function accessConfig(
  urls: Readonly<Record<'service' | 'legacy' | 'users', string>>,
  jwks: string,
): ConfigInput {
  const token = { jwt: { issuer, audience: 'orders', jwks } };
  const key = { 'api-key': { consumers: [{ name: 'acme', keys: [`sha256:${hash('sha256', goodKey)}`] }] } };
  const nobody = { 'ip-filter': { allow: ['192.0.2.0/24', '10.0.0.0/8'] } };
  const cors = { cors: { origins: ['https://app.example'] } };
  const to = { upstream: 'service', preserveHost: true } as const;
  return {
    upstreams: urls,
    identity: { headers: { 'X-Consumer': '${consumer.id}', 'X-User-Email': '${consumer.claims.email}' } },
    routes: [
      { ...to, host: 'admin.test', policies: [key] },
      { ...to, host: '*.tenant.test', policies: [token] },
      { ...to, path: { exact: '/public/health' } },
      { ...to, path: '/public', policies: [token] },
      { ...to, path: '/static', trailers: ['x-consumer', 'x-sum'] },
      { ...to, path: '/static/private', policies: [key] },
      { ...to, path: '/orders/:id', method: 'GET', policies: [token] },
      { ...to, path: '/orders', method: ['POST', 'DELETE'], policies: [cors, key] },
      { ...to, path: '/files', policies: [token] },
      { ...to, path: { regex: '/files/[a-z]+\\.txt' } },
      { path: '/legacy', stripPrefix: true, upstream: 'legacy', policies: [key] },
      {
        path: '/v1/users/:id',
        method: ['GET', 'POST'],
        rewrite: '/users/${params.id}',
        upstream: 'users',
        policies: [token],
      },
      { ...to, path: '/', policies: [nobody] },
    ],
  };
}

/** Everything a service may take for the path of a request: as it came, and with nothing left to decode. */
export function pathsOf(request: RecordedRequest): string[] {
  const [path = ''] = request.target.split('?', 1);
  const others = namesLike(request, /^x-(?:original|rewrite)-url$/).map(
    (value) => value.split('?', 1)[0] ?? '',
  );
  return [path, ...others].flatMap((each) => [each, decoded(each)]);
}

/** Everything a service may take for its method, middleware for method overrides included. */
export function methodsOf(request: RecordedRequest): string[] {
  return [request.method, ...namesLike(request, /^x-(?:http-)?method(?:-override)?$/)];
}

/** The host that a service would take it for, when it looks at its name only. */
export function hostOf(request: RecordedRequest): string {
  return (request.header('host') ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** The lines, trailers too, that a service could take for somebody's word on who is asking. */
export function identityOf(request: RecordedRequest): string[] {
  return [...request.headers, ...request.trailers]
    .filter(([name]) => /^x-(?:consumer|user-email|gw-|waygate-)/.test(folded(name)))
    .map(([name, value]) => `${name}: ${value}`);
}

function namesLike({ headers }: RecordedRequest, pattern: RegExp): string[] {
  return headers.filter(([name]) => pattern.test(folded(name))).map(([, value]) => value);
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** As a service reads a path that decodes until nothing is left to decode, and then looks for separators and dots. */
function decoded(path: string): string {
  let text = path;
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  const segments: string[] = [];
  for (const segment of text.split(/[/\\]+/).slice(1)) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

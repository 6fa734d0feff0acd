import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen, stopListening } from '../listen.ts';
import { Chance } from './chance.ts';
import { isForOne } from './reference.ts';
import { type Asked, ASKED, BODY_TOLD, HEAD_TOLD, pack, type Told, unpackAsked } from './told.ts';

const directives = [
  ...[
    'public',
    'Public',
    'public',
    'max-age=1',
    'max-age=2',
    'max-age=60',
    's-maxage=1',
    's-maxage=30',
    'max-age=0',
  ],
  ...[
    'private',
    'PRIVATE',
    'private="x-private"',
    'private=""',
    'private=x-private',
    'no-store',
    'no-store=1',
  ],
  ...[
    'no-cache',
    'no-cache="x-private"',
    'must-revalidate',
    'proxy-revalidate',
    'must-understand',
    'immutable',
  ],
  ...[
    'max-age="1"',
    'max-age=1.5',
    'max-age=-1',
    's-maxage=abc',
    's-maxage=1, s-maxage=2',
    'max-age=1, max-age=0',
  ],
  ...[
    'stale-while-revalidate=9',
    'stale-if-error=9',
    'garbage',
    '=;',
    '"',
    'private = x',
    'a"b',
    ', ,',
    'public=no',
  ],
] as const;
const usual = [
  'public, max-age=1',
  'max-age=1',
  'max-age=60',
  's-maxage=2',
  'public, max-age=60',
  'private',
] as const;
/** Dictionaries (RFC 9213), and what is none. */
const targeted = [
  ...[
    'max-age=1',
    'max-age=60',
    'public, max-age=60',
    'private',
    'private, max-age=60',
    'no-store',
    'no-cache',
  ],
  ...['must-revalidate, max-age=1', 'PRIVATE, max-age=60', 'private =', '"', 'no-store, =;', ''],
] as const;
const varying = [
  ...[
    'X-Tenant',
    'x-tenant',
    'Accept-Encoding',
    'Accept-Language',
    'X-Tenant, Accept-Encoding',
    'X-Forwarded-For',
  ],
  ...[
    'X-Who',
    'X-Set',
    'x-set',
    'X-SET',
    'Cookie',
    'Authorization',
    '*',
    '"X-Tenant"',
    'X-Tenant;a',
    'X-Tenant X-Odd',
    ' , ',
  ],
] as const;
const statuses = [203, 301, 404, 410, 400, 416, 500, 503, 502, 204] as const;
const nonsense = [
  '0',
  'yesterday',
  '',
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 2094 08:49:37 GMT',
] as const;

/** A target whose answers say whom they are for and what was asked, and are cacheable or not, or broken, by chance. */
export class CanaryTarget {
  readonly url: string;
  readonly #server: Server;
  readonly #chance: Chance;
  /** How many requests came. */
  asked = 0;

  constructor(server: Server, port: number, chance: Chance) {
    this.#server = server;
    this.#chance = chance;
    this.url = `http://127.0.0.1:${port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response);
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await stopListening(this.#server);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked++;
    const chance = this.#chance;
    request.resume();
    const packed = request.headers[ASKED];
    if (typeof packed !== 'string') {
      response.writeHead(400).end();
      return;
    }
    if (chance.is(0.01)) {
      request.socket.resetAndDestroy();
      return;
    }
    const told = this.#tell(request, unpackAsked(packed));
    const go = (): void => {
      this.#send(request, response, told);
    };
    if (chance.is(0.2)) setTimeout(go, chance.below(30));
    else go();
  }

  #tell(request: IncomingMessage, asked: Asked): Told {
    const chance = this.#chance;
    const isConfirmed =
      request.headers['if-none-match'] !== undefined || request.headers['if-modified-since'] !== undefined;
    const confirms = isConfirmed ? chance.is(0.5) : chance.is(0.01);
    const status = confirms ? 304 : chance.is(0.85) ? 200 : chance.of(statuses);
    const who = request.headers['x-who'];
    const isEmpty = status === 204 || status === 304;
    return {
      asked,
      authorized: request.headers.authorization !== undefined,
      consumer: typeof who === 'string' ? who : undefined,
      status,
      cacheControl: this.#control(0.9),
      cdnCacheControl: chance.is(0.07) ? [chance.of(targeted)] : [],
      vary: chance.is(0.3) ? [chance.of(varying), ...(chance.is(0.2) ? [chance.of(varying)] : [])] : [],
      expires: chance.is(0.1),
      setCookie: chance.is(0.06),
      length: isEmpty || chance.is(0.03) ? 0 : 1 + chance.below(chance.is(0.05) ? 200_000 : 3000),
    };
  }

  #control(probability: number): string[] {
    const chance = this.#chance;
    if (!chance.is(probability)) return [];
    if (chance.is(0.6)) return [chance.of(usual)];
    const some = chance.some(directives, 4);
    return chance.is(0.2) ? some : some.length === 0 ? [] : [some.join(', ')];
  }

  #send(request: IncomingMessage, response: ServerResponse, told: Told): void {
    const chance = this.#chance;
    const { user } = told.asked;
    const lines: [string, string][] = [[HEAD_TOLD, pack(told)]];
    lines.push(['x-private', `${isForOne('x-private', told) ? 'named' : 'shown'} u${user}`]);
    if (told.status !== 304) lines.push([BODY_TOLD, pack(told)]);
    for (const line of told.cacheControl) lines.push(['Cache-Control', line]);
    for (const line of told.cdnCacheControl) lines.push(['CDN-Cache-Control', line]);
    for (const line of told.vary) lines.push(['Vary', line]);
    if (told.expires) lines.push(['Expires', chance.is(0.5) ? soon() : chance.of(nonsense)]);
    if (told.setCookie) lines.push(['Set-Cookie', `s=u${user}`]);
    if (chance.is(0.6)) lines.push(['ETag', this.#etag(request, told.status)]);
    if (chance.is(0.3)) lines.push(['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT']);
    if (chance.is(0.05)) lines.push(['Age', chance.of(['0', '1', '-1', 'x', '99999999999999999999'])]);
    const body = `u${user}|`.repeat(Math.ceil(told.length / 3)).slice(0, told.length);
    const isChunked = chance.is(0.4);
    if (!isChunked && told.status !== 204 && told.status !== 304)
      lines.push(['Content-Length', String(body.length)]);
    response.writeHead(told.status, lines.flat());
    const half = body.slice(0, body.length >> 1);
    if (chance.is(0.02)) {
      response.write(half);
      setTimeout(() => request.socket.destroy(), chance.below(10));
    } else if (chance.is(0.1)) {
      response.write(half);
      setTimeout(() => response.end(body.slice(half.length)), chance.below(20));
    } else response.end(body);
  }

  /** What was asked to be confirmed, or another. */
  #etag(request: IncomingMessage, status: number): string {
    const asked = request.headers['if-none-match'];
    if (status === 304 && asked !== undefined && this.#chance.is(0.8)) return asked.split(',')[0] ?? asked;
    return `"e${this.#chance.below(1e9)}"`;
  }
}

/** Starts one on a free port. */
export async function openCanaryTarget(seed: number): Promise<CanaryTarget> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  const address = await listen(server);
  return new CanaryTarget(server, address.port, new Chance(seed));
}

function soon(): string {
  return new Date(Date.now() + 60_000).toUTCString();
}

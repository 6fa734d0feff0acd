import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { systemClock, type Clock } from '../core/clock.ts';
import { parseHost } from '../http/host.ts';
import { normalizeIp } from '../http/ip.ts';
import { GuessThrottle } from './guess-throttle.ts';

/** Why a request is refused: a status, a sentence for whoever asked, and headers that go with it. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 429;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Headers that a proxy puts on what it relays. The admin listener must not be reached through one (HARDENING F190). */
const proxyHeaders = ['via', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export interface AdminGateOptions {
  /** The host that the listener was told to listen on: a name or an address. */
  readonly host: string;
  readonly token: string | undefined;
  readonly clock?: Clock;
}

/** Decides who may ask the admin listener what (HARDENING §14). */
export class AdminGate {
  readonly #ownHost: string;
  /** A digest of the token under a key of this process: digests compare in constant time whatever the lengths. */
  readonly #tokenDigest: Buffer | undefined;
  readonly #key = randomBytes(32);
  readonly #throttle: GuessThrottle;

  constructor(options: AdminGateOptions) {
    this.#ownHost = options.host.toLowerCase();
    this.#tokenDigest =
      options.token === undefined ? undefined : this.#digest(Buffer.from(options.token, 'utf8'));
    this.#throttle = new GuessThrottle(options.clock ?? systemClock);
  }

  /** Whether a request may not be answered at all, whatever it asks for; undefined when it may. */
  refuse(request: IncomingMessage): Refusal | undefined {
    const hosts = request.headersDistinct['host'] ?? [];
    if (hosts.length !== 1) return { status: 400, reason: 'A request has exactly one Host header.' };
    // A page on another site that points its own name at this address (DNS rebinding) still sends that name.
    if (!this.#isOwnHost(hosts[0] ?? '', request.socket.localAddress)) {
      return { status: 403, reason: 'The Host header names neither this machine nor the address asked.' };
    }
    // No page of any site has business here: browsers name the page's site in one of these.
    const site = request.headers['sec-fetch-site'];
    if (request.headers.origin !== undefined || (site !== undefined && site !== 'none')) {
      return { status: 403, reason: 'Requests from web pages are refused.' };
    }
    if (proxyHeaders.some((name) => request.headers[name] !== undefined)) {
      return { status: 403, reason: 'Requests that came through a proxy are refused.' };
    }
    return undefined;
  }

  /** Whether a request lacks the token that its answer takes; undefined when it has it, or none is set. */
  refuseWithoutToken(request: IncomingMessage): Refusal | undefined {
    if (this.#tokenDigest === undefined) return undefined;
    const authorization = request.headersDistinct['authorization'] ?? [];
    const offered =
      authorization.length === 1 ? /^bearer +(.*?) *$/i.exec(authorization[0] ?? '')?.[1] : undefined;
    if (offered === undefined)
      return unauthorized('This needs the admin token: Authorization: Bearer <token>.');
    const ip = request.socket.remoteAddress ?? '';
    const wait = this.#throttle.wait(ip);
    if (wait > 0) {
      return { status: 429, reason: 'Too many wrong tokens.', headers: { 'retry-after': String(wait) } };
    }
    if (timingSafeEqual(this.#digest(Buffer.from(offered, 'latin1')), this.#tokenDigest)) return undefined;
    this.#throttle.wrong(ip);
    return unauthorized('The token is not the admin token.');
  }

  #isOwnHost(value: string, localAddress: string | undefined): boolean {
    const host = parseHost(value)?.host;
    if (host === undefined) return false;
    if (loopback.test(host) || host === this.#ownHost) return true;
    const own = normalizeIp(localAddress ?? '');
    return own !== undefined && own === normalizeIp(host.replace(/^\[|\]$/g, ''));
  }

  #digest(token: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}

function unauthorized(reason: string): Refusal {
  return { status: 401, reason, headers: { 'www-authenticate': 'Bearer realm="waygate admin"' } };
}

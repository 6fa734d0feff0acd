import type { Client } from '../core/exchange.ts';
import type { Config } from '../config/schema.ts';
import type { HeaderList } from '../http/header-list.ts';
import {
  clientFromElements,
  clientFromForwarded,
  formatForwarded,
  parseForwarded,
} from '../http/forwarded.ts';
import { IpSet } from '../http/ip.ts';
import type { Http1Request } from '../http1/request-head.ts';

/** Every header that says where a request came from; nobody outside `trustedProxies` may send one. */
export const forwardingNames: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-real-ip',
]);

/** Whether a header tells targets by which way a request came from its client. @param name in lower case. */
export function tellsWhereFrom(name: string): boolean {
  return name === 'via' || forwardingNames.has(name);
}

const rewrittenNames = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** How a snapshot reads and writes forwarding headers. */
export class Forwarding {
  readonly trusted: IpSet;
  readonly #style: Config['forwarded'];

  constructor(config: Pick<Config, 'trustedProxies' | 'forwarded'>) {
    this.trusted = new IpSet(config.trustedProxies);
    this.#style = config.forwarded;
  }

  /** Whether the peer's word about the client counts. */
  trusts(peerIp: string): boolean {
    return this.trusted.has(peerIp);
  }

  /** The client behind a connection whose peer is the client. */
  direct(peerIp: string, scheme: Client['scheme'] = 'http'): Client {
    return { ip: peerIp, peerIp, scheme };
  }

  /** The client behind a trusted proxy, as far as the headers can be believed. */
  behindProxy(headers: HeaderList, peerIp: string): Client {
    const forwarded = headers.getAll('forwarded');
    const proto = headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase();
    if (forwarded.length > 0 && !headers.has('x-forwarded-for')) {
      const { ip, element } = clientFromElements(parseForwarded(forwarded), peerIp, this.trusted);
      return { ip, peerIp, scheme: schemeOf(element?.proto ?? proto) };
    }
    return {
      ip: clientFromForwarded(headers.getAll('x-forwarded-for'), peerIp, this.trusted),
      peerIp,
      scheme: schemeOf(proto),
    };
  }

  /**
   * The lines to add for a request whose peer is the client; what the client sent of them has been removed.
   * @param host as the client named it, with port.
   */
  linesFor(client: Client, host: string): string {
    if (this.#style === 'none') return '';
    let lines = '';
    if (this.#style !== 'forwarded') {
      lines = `X-Forwarded-For: ${client.ip}\r\nX-Real-IP: ${client.ip}\r\nX-Forwarded-Proto: ${client.scheme}\r\n`;
      if (host !== '') lines += `X-Forwarded-Host: ${host}\r\n`;
    }
    if (this.#style !== 'x-forwarded') {
      lines += `Forwarded: ${formatForwarded({ for: client.ip, proto: client.scheme, host })}\r\n`;
    }
    return lines;
  }

  /** Takes the trusted proxy's lines out of the headers and returns them with this hop added. */
  extendedLines(client: Client, headers: HeaderList, host: string): string {
    if (this.#style === 'none') return '';
    const chain = [...headers.getAll('x-forwarded-for'), client.peerIp].join(', ');
    const forwardedHost = headers.get('x-forwarded-host') ?? host;
    const elements = headers.getAll('forwarded');
    // What we write ourselves; the rest is the trusted proxy's to say.
    headers.deleteWhere((name) => rewrittenNames.has(name));
    let lines = '';
    if (this.#style !== 'forwarded') {
      lines = `X-Forwarded-For: ${chain}\r\nX-Real-IP: ${client.ip}\r\nX-Forwarded-Proto: ${client.scheme}\r\n`;
      if (forwardedHost !== '') lines += `X-Forwarded-Host: ${forwardedHost}\r\n`;
    }
    if (this.#style !== 'x-forwarded') {
      elements.push(formatForwarded({ for: client.peerIp, proto: client.scheme, host }));
      lines += `Forwarded: ${elements.join(', ')}\r\n`;
    }
    return lines;
  }
}

/** Takes every forwarding header out. */
export function removeForwarding(headers: HeaderList): void {
  headers.deleteWhere((name) => forwardingNames.has(name));
}

/** The host as the client named it, with its port. */
export function hostWithPort(request: Pick<Http1Request, 'host' | 'port'>): string {
  return request.port === undefined ? request.host : `${request.host}:${request.port}`;
}

function schemeOf(proto: string | undefined): 'http' | 'https' {
  return proto?.toLowerCase() === 'https' ? 'https' : 'http';
}

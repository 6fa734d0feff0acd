import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, createSecureContext } from 'node:tls';
import type { TargetConfig, UpstreamConfig } from '../config/schema.ts';
import { socketOptions } from '../http1/socket-options.ts';

/** How to open a connection to one target. */
export interface Connector {
  readonly event: 'connect' | 'secureConnect';
  open(): Socket;
}

/** What lies between the gateway and its targets. */
export interface TargetNetwork {
  /** What makes a connection the same connection: targets of the same key share theirs. */
  keyOf(target: TargetConfig, upstream: UpstreamConfig): string;
  /** Prepares connections to a target. */
  connector(target: TargetConfig, upstream: UpstreamConfig): Connector;
}

/** Plain sockets, and TLS. */
export const socketNetwork: TargetNetwork = {
  keyOf: ({ protocol, host, port }, { tls }) => {
    const base = `${protocol}://${host}:${port}`;
    return protocol === 'http' ? base : `${base} ${JSON.stringify(tls)}`;
  },
  connector: (target, { tls }) => createConnector(target, tls),
};

/**
 * Prepares connections to a target. Names are looked up for each connection, and IPv6 and IPv4 addresses are tried side by
 * side (RFC 8305), so that `localhost` works however the service listens.
 * @throws when the file of certificate authorities cannot be read.
 */
function createConnector(target: TargetConfig, tls: UpstreamConfig['tls']): Connector {
  const host = target.host.replace(/^\[|\]$/g, '');
  // Half-open: a target that ends its side of a raw relay may still be told something.
  const base = { host, port: target.port, ...socketOptions, autoSelectFamily: true, allowHalfOpen: true };
  if (target.protocol === 'http') return { event: 'connect', open: () => connectTcp(base) };
  const context: SecureContext = createSecureContext(
    tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) },
  );
  // RFC 6066 §3: no server name for addresses.
  const servername = tls.serverName ?? (/^[\d.]+$|:/.test(host) ? '' : host);
  return {
    event: 'secureConnect',
    open: () =>
      connectTls({
        ...base,
        secureContext: context,
        servername,
        rejectUnauthorized: tls.verify,
        ALPNProtocols: ['http/1.1'],
      }),
  };
}

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ListenerConfig } from '../config/schema.ts';
import { normalizeIp } from '../http/ip.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import { socketOptions } from '../http1/socket-options.ts';
import { ConnectionContext } from './connection-context.ts';
import type { GatewayCore } from './gateway-core.ts';

/** Where a listener listens. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

/** All client connections of all listeners, against one limit. */
export class ClientConnections {
  readonly #open = new Set<ServerConnection>();
  readonly #core: GatewayCore;
  readonly #emptyWaiters: (() => void)[] = [];
  limit = 10_000;
  /** While memory runs out: nobody new comes in. */
  closed = false;

  constructor(core: GatewayCore) {
    this.#core = core;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a socket in, or drops it when there are too many. */
  admit(socket: Socket): ServerConnection | undefined {
    const { remoteAddress } = socket;
    if (this.closed || this.#open.size >= this.limit || remoteAddress === undefined) {
      if (remoteAddress !== undefined) this.#core.metrics.shed(this.closed ? 'memory' : 'connections');
      socket.destroy();
      return undefined;
    }
    const peerIp = normalizeIp(remoteAddress) ?? remoteAddress;
    const context = new ConnectionContext(this.#core, peerIp, (closing) => {
      if (!this.#open.delete(closing)) return;
      this.#core.metrics.bytes(closing.socket.bytesRead, closing.socket.bytesWritten);
      this.#core.metrics.connectionClosed();
      if (this.#open.size === 0) for (const resolve of this.#emptyWaiters.splice(0)) resolve();
    });
    const connection = new ServerConnection(socket, context, peerIp);
    this.#open.add(connection);
    this.#core.metrics.connectionOpened();
    return connection;
  }

  /** Closes connections without an exchange; the others close behind theirs. */
  shutdown(): void {
    for (const connection of [...this.#open]) connection.shutdown();
  }

  /** Closes connections without an exchange, and leaves the others alone. */
  closeIdle(): void {
    for (const connection of [...this.#open]) if (connection.idle) connection.shutdown();
  }

  /** Resolves when none is left, or after so many milliseconds. */
  async whenEmpty(patience: number): Promise<void> {
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    this.#emptyWaiters.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  /** Drops all of them. */
  destroy(): void {
    for (const connection of [...this.#open]) connection.socket.destroy();
  }
}

/** How a thread shares an address with others. */
export interface SharedAddress {
  /** The port where the configuration leaves it open and another thread has found one. */
  readonly port: number | undefined;
}

/** One listening socket. */
export class Listener {
  readonly config: ListenerConfig;
  readonly #shared: SharedAddress | undefined;
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  #stopped: Promise<void> | undefined;

  /** @param shared where other threads listen on the same address; alone when left out. */
  constructor(config: ListenerConfig, connections: ClientConnections, shared?: SharedAddress) {
    this.config = config;
    this.#shared = shared;
    // Half-open: a client that has said everything may still read (RFC 9112 §9.6).
    this.#server = createServer({ ...socketOptions, allowHalfOpen: true }, (socket) => {
      const connection = connections.admit(socket);
      if (connection === undefined) return;
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    this.#server.on('error', () => undefined);
  }

  get address(): ListenerAddress {
    const address = this.#server.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  /** @throws the error of `listen`, such as EADDRINUSE. */
  async start(): Promise<void> {
    this.#server.listen({
      ...listenOptions(this.config),
      ...(this.#shared === undefined ? {} : { reusePort: true }),
      ...(this.#shared?.port === undefined ? {} : { port: this.#shared.port }),
      backlog: 4096,
    });
    await once(this.#server, 'listening');
  }

  /** Accepts nothing more. Connections that are open stay; the promise resolves when the last of them is closed. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  /** Accepts nothing more, closes idle connections now and the others behind their exchanges. */
  retire(): void {
    void this.stop();
    for (const connection of [...this.#connections]) connection.shutdown();
  }

  async #stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

/** A configured address as `listen` takes it. */
export function listenOptions({ host, port }: ListenerConfig): {
  readonly port: number;
  readonly host?: string;
} {
  return { port, ...(host === undefined ? {} : { host: host.replace(/^\[|\]$/g, '') }) };
}

/**
 * The most client connections when nobody says otherwise: each needs a second descriptor towards its target, and some are
 * left for everything else.
 */
export function defaultConnectionLimit(): number {
  const most = 10_000;
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (match?.[1] === undefined) return most;
    return Math.max(16, Math.min(most, Math.floor(Number(match[1]) / 2) - 200));
  } catch {
    return most;
  }
}

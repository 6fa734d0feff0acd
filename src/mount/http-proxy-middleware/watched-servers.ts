import { Server, type IncomingMessage } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';

type AnyServer = Server | SecureServer;

/** The servers that a proxy is mounted in, as far as their requests have shown: their upgrades, and their end. */
export class WatchedServers<TReq extends IncomingMessage> {
  readonly #servers = new Set<AnyServer>();
  readonly #upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly #upgrades: boolean;
  readonly #onLastClosed: () => Promise<void>;

  /** @param upgrades whether the servers' upgrades are listened to. */
  constructor(
    upgrade: (request: TReq, socket: Duplex, head: Buffer) => void,
    upgrades: boolean,
    onLastClosed: () => Promise<void>,
  ) {
    // A server's requests are all of the kind that the program says.
    this.#upgrade = upgrade as (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
    this.#upgrades = upgrades;
    this.#onLastClosed = onLastClosed;
  }

  /** A request has come from a server. */
  watch(request: IncomingMessage): void {
    const server = serverOf(request);
    if (server === undefined || this.#servers.has(server)) return;
    this.#servers.add(server);
    server.on('close', this.#onClose);
    if (this.#upgrades) server.on('upgrade', this.#upgrade);
  }

  /** Whether upgrades of the server that a request has come from are listened to. */
  upgradesOf(request: IncomingMessage): boolean {
    const server = serverOf(request);
    return this.#upgrades && server !== undefined && this.#servers.has(server);
  }

  /** Listens to no server any more. */
  leave(): void {
    for (const server of this.#servers) this.#forget(server);
  }

  readonly #onClose = (): void => {
    for (const server of this.#servers) if (!server.listening) this.#forget(server);
    if (this.#servers.size === 0) void this.#onLastClosed();
  };

  #forget(server: AnyServer): void {
    this.#servers.delete(server);
    server.off('close', this.#onClose);
    server.off('upgrade', this.#upgrade);
  }
}

function serverOf({ socket }: IncomingMessage): AnyServer | undefined {
  const server: unknown = 'server' in socket ? socket.server : undefined;
  return server instanceof Server || server instanceof SecureServer ? server : undefined;
}

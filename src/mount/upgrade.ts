import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../core/errors.ts';
import { writeFailure, type Mount } from './mount.ts';
import { announcesBody } from './parsed-body.ts';

/** A request that wants another protocol, as a server's `upgrade` event tells of it. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: string;
  /** Whether others who listen to the server's `upgrade` event may take what no route matches. */
  readonly shared: boolean;
}

/** How many gateways have left an upgrade to others: all who listen to the event are told of it. */
const leftBy = new WeakMap<Duplex, number>();

/** Takes in what a server's `upgrade` event tells of. */
export function takeUpgrade(mount: Mount, upgrade: UpgradeRequest): void {
  const { request, socket, head, url } = upgrade;
  const { response, leave } = responseOn(request, socket);
  const fail = (error: unknown): void => {
    mount.answerFailure(response, error);
  };
  // Node has given up reading the request: the body of one that only asks for another protocol would be lost.
  if (announcesBody(request)) {
    fail(new GatewayError('upgrade_refused', 'a request with a body asks for another protocol'));
    return;
  }
  const otherwise = upgrade.shared ? (): void => leaveUpgrade(upgrade, response, leave) : undefined;
  mount.take({ request, response, upgrade: { socket, head }, url, otherwise, fail });
}

/** Leaves an upgrade to others who listen; where there are none, or all are gateways that leave it too, nobody would ever answer. */
export function leaveUpgrade(
  { request, socket }: Pick<UpgradeRequest, 'request' | 'socket'>,
  response: ServerResponse,
  leave: () => void,
): void {
  const left = (leftBy.get(socket) ?? 0) + 1;
  leftBy.set(socket, left);
  if (left < upgradeListeners(request)) leave();
  else writeFailure(response, new GatewayError('route_not_found', ''));
}

/** Something to answer an upgrade with that is refused, as any other request; `leave` gives the socket back. */
export function responseOn(
  request: IncomingMessage,
  socket: Duplex,
): { readonly response: ServerResponse; readonly leave: () => void } {
  const response = new UpgradeResponse(request, socket);
  response.shouldKeepAlive = false;
  response.on('finish', () => {
    endOf(socket);
  });
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  return { response, leave: () => void socket.off('error', ignore) };
}

/** How long the client of an upgrade that was refused has to close its side, in milliseconds. */
const PATIENCE = 1000;

/** Ends a connection that Node has given out of its hands: nobody reads it any more, and so nobody would notice its end. */
function endOf(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), PATIENCE);
  socket.on('close', () => {
    clearTimeout(timer);
  });
  socket.end();
  socket.resume();
}

/** An answer that has its connection only from its head on: until then somebody else may still take the upgrade. */
class UpgradeResponse extends ServerResponse {
  readonly #connection: Duplex;

  constructor(request: IncomingMessage, connection: Duplex) {
    super(request);
    this.#connection = connection;
  }

  override writeHead(...given: readonly unknown[]): this {
    // A server's `upgrade` event has sockets of `node:net` and `node:tls` alone.
    if (this.socket === null) this.assignSocket(this.#connection as Parameters<this['assignSocket']>[0]);
    return super.writeHead(...(given as [status: number]));
  }
}

function upgradeListeners({ socket }: IncomingMessage): number {
  const server: unknown = 'server' in socket ? socket.server : undefined;
  return typeof server === 'object' && server !== null && 'listenerCount' in server
    ? (server as { listenerCount(event: string): number }).listenerCount('upgrade')
    : 0;
}

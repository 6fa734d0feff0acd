import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { ListenerConfig } from '../../config/schema.ts';
import { type ListenerAddress, listenOptions } from '../listener.ts';

/**
 * Sees to it that nobody else listens on these addresses, nor two of them on one: sockets that share a port would share it
 * with any other program of this user as well, without a word. Ports that are left open are not looked at.
 * @throws the error of `listen`, such as EADDRINUSE.
 */
export async function checkAddresses(wanted: readonly ListenerConfig[]): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const address of wanted) {
      if (address.port === 0) continue;
      const server = createServer((socket) => socket.destroy());
      servers.push(server);
      server.listen(listenOptions(address));
      await once(server, 'listening');
    }
  } finally {
    await Promise.all(servers.filter(({ listening }) => listening).map(closed));
  }
}

function closed(server: Server): Promise<unknown> {
  const end = once(server, 'close');
  server.close();
  return end;
}

/** For each wanted listener where it listens already, if it does. */
export function knownAddresses(
  current: readonly ListenerConfig[],
  addresses: readonly ListenerAddress[],
  wanted: readonly ListenerConfig[],
): (ListenerAddress | undefined)[] {
  const left = current.map((config, i) => ({ config, address: addresses[i] }));
  return wanted.map(({ host, port }) => {
    const at = left.findIndex(({ config }) => config.host === host && config.port === port);
    return at === -1 ? undefined : left.splice(at, 1)[0]?.address;
  });
}

import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { beforeDeadline } from './eventually.ts';

/** Starts listening, and gives the address. Any free port of 127.0.0.1 unless said otherwise. */
export async function listen(
  server: Server,
  port = 0,
  host = '127.0.0.1',
  reusePort = false,
): Promise<AddressInfo> {
  server.listen({ port, host, reusePort });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`No TCP address: ${String(address)}`);
  return address;
}

/** Stops listening, and waits until every connection is gone too. */
export async function stopListening(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await beforeDeadline(closed, () => 'the server to close');
}

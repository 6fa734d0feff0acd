import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Starts listening, and gives the address. Any free port of 127.0.0.1 unless said otherwise. */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<AddressInfo> {
  server.listen({ port, host });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`No TCP address: ${String(address)}`);
  return address;
}

import type { Connection, ConnectionSignals, OpenConnection } from './connection.ts';
import { connectUnlessAbandoned } from './abandonable.ts';
import { clientOptions } from './client-options.ts';
import type { RedisNode, RedisSettings } from './settings.ts';

/** Opens a connection to the one server there is. */
export const openSingle: OpenConnection = (settings, signals) => {
  const [node] = settings.nodes;
  if (node === undefined) throw new TypeError('there is no server');
  return openServer(settings, node, signals);
};

/** Opens a connection to a certain server. */
export async function openServer(
  settings: RedisSettings,
  node: RedisNode,
  { onLost, abandoned }: ConnectionSignals,
): Promise<Connection> {
  const { createClient, ErrorReply, RESP_TYPES } = await import('@redis/client');
  const client = createClient(clientOptions(settings, node));
  const octets = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  // An error that nobody listens to would end the process. Before the client is ready, it rejects as well.
  client.on('error', onLost);
  await connectUnlessAbandoned(client, abandoned);
  return {
    send: ({ args, binary }) => client.sendCommand(args, binary ? octets : undefined),
    isReply: (error) => error instanceof ErrorReply,
    probeKeys: (prefix) => [`${prefix}probe`],
    close: () => {
      if (client.isOpen) void client.close();
    },
    destroy: () => {
      client.destroy();
    },
  };
}

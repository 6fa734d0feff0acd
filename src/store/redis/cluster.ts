import { connectUnlessAbandoned } from './abandonable.ts';
import { nodeDefaults } from './client-options.ts';
import type { OpenConnection } from './connection.ts';
import { slotOf } from './key-slot.ts';

/** More than enough keys to have one for each master: a thousand masters are all found among ten thousand. */
const MOST_PROBES = 100_000;

/**
 * Opens connections to all masters of a cluster. Slots that move are followed by the client. A master that fails makes calls
 * fail until its replica has taken over; the link then asks the other nodes anew who the masters are.
 */
export const openCluster: OpenConnection = async (settings, { abandoned }) => {
  const { createCluster, ErrorReply, RESP_TYPES } = await import('@redis/client');
  const cluster = createCluster({
    RESP: 2,
    rootNodes: settings.nodes.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: nodeDefaults(settings),
    commandOptions: { timeout: 0 },
    maxCommandRedirections: 5,
  });
  const octets = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  let trouble: unknown;
  cluster.on('error', (error: unknown) => (trouble = error));
  cluster.on('node-error', (error: unknown) => (trouble = error));
  try {
    await connectUnlessAbandoned(cluster, abandoned);
  } catch (error) {
    cluster.destroy();
    // That no node is available says less than why the last one was not.
    throw trouble ?? error;
  }
  return {
    send: ({ key, readOnly, args, binary }) =>
      cluster.sendCommand(key, readOnly, [...args], binary ? octets : undefined),
    isReply: (error) => error instanceof ErrorReply,
    probeKeys: (prefix) => {
      const masters = new Set(cluster.masters.map(({ address }) => address));
      const keys: string[] = [];
      for (let i = 0; i < MOST_PROBES && masters.size > 0; i++) {
        const key = `${prefix}probe:${i}`;
        const address = cluster.slots[slotOf(key)]?.master.address;
        if (address === undefined) return [key];
        if (masters.delete(address)) keys.push(key);
      }
      return keys;
    },
    close: () => {
      if (cluster.isOpen) void cluster.close();
    },
    destroy: () => {
      cluster.destroy();
    },
  };
};

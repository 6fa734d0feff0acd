import { messageOf } from '../../core/message-of.ts';
import { clientOptions } from './client-options.ts';
import type { Connection, ConnectionSignals, OpenConnection } from './connection.ts';
import { addressOf, type RedisNode, type RedisSentinel, type RedisSettings } from './settings.ts';
import { openServer } from './single.ts';

/**
 * Opens a connection to the master of the day, as clients of Sentinel should: ask the sentinels one after the other where it is,
 * connect, and see whether it agrees. Sentinels cut the connections to a master that they depose, so that nobody has to
 * listen to them.
 */
export const openMaster: OpenConnection = (settings, signals) =>
  throughSentinels(settings, signals, async (master) => {
    const connection = await openServer(settings, master, signals);
    const role = await roleOf(connection);
    if (Array.isArray(role) && role[0] === 'master') return connection;
    connection.destroy();
    throw new Error(`${addressOf(master)} is not the master yet`);
  });

/** What a server says that it is. Access rules may forbid the question: a replica will say so when it is written to. */
async function roleOf(connection: Connection): Promise<unknown> {
  try {
    return await connection.send({ key: undefined, readOnly: true, args: ['ROLE'], binary: false });
  } catch (error) {
    if (connection.isReply(error)) return ['master'];
    throw error;
  }
}

/** Does something with the master that the first sentinel names for which it works. */
export async function throughSentinels<Result>(
  settings: RedisSettings,
  { abandoned }: Pick<ConnectionSignals, 'abandoned'>,
  use: (master: RedisNode) => Promise<Result>,
): Promise<Result> {
  const { sentinel, nodes } = settings;
  if (sentinel === undefined) throw new TypeError('there is no sentinel');
  const failures: string[] = [];
  for (const node of nodes) {
    abandoned.throwIfAborted();
    try {
      const master = await askSentinel(settings, sentinel, node, abandoned);
      if (master !== undefined) return await use(master);
      failures.push(`${addressOf(node)} knows no master ${JSON.stringify(sentinel.name)}`);
    } catch (error) {
      failures.push(`${addressOf(node)}: ${messageOf(error)}`);
    }
  }
  throw new Error(`no sentinel leads to a master (${failures.join('; ')})`);
}

async function askSentinel(
  settings: RedisSettings,
  sentinel: RedisSentinel,
  node: RedisNode,
  abandoned: AbortSignal,
): Promise<RedisNode | undefined> {
  const { createClient } = await import('@redis/client');
  const client = createClient({ ...clientOptions(settings, node, sentinel), database: 0 });
  client.on('error', () => undefined);
  const end = (): void => {
    client.destroy();
  };
  // One that hangs must leave time for the others.
  const patience = setTimeout(end, settings.connectTimeout / (settings.nodes.length + 1));
  abandoned.addEventListener('abort', end);
  try {
    await client.connect();
    const reply: unknown = await client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinel.name]);
    if (!Array.isArray(reply)) return undefined;
    const [host, port] = reply as unknown[];
    return typeof host === 'string' ? { host, port: Number(port) } : undefined;
  } finally {
    clearTimeout(patience);
    abandoned.removeEventListener('abort', end);
    end();
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { type Ending, onFinish } from './finish.ts';
import { freePort, RedisServer, startRedis } from './redis-server.ts';

/** Slots of a cluster. */
const SLOTS = 16_384;

/** Three masters without replicas. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  /** Gives some slots of the first node to the second, empty or not: all keys of them are moved. */
  moveSlots(): Promise<void>;
}

/** Starts a cluster of three nodes that ends with the test. */
export async function startCluster(t: Ending): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  const busPorts: number[] = [];
  for (let i = 0; i < 3; i++) {
    const busPort = await freePort();
    busPorts.push(busPort);
    const options = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      String(busPort),
      '--cluster-node-timeout',
      '1000',
    ];
    nodes.push(await startRedis(t, options));
  }
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('no nodes');
  for (const [i, node] of nodes.entries()) {
    const [from, to] = [Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3) - 1];
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    // Epochs that differ need not be negotiated.
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    if (i > 0) await first.ask('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPorts[i]));
  }
  for (const node of nodes) {
    await eventually(
      async () => {
        const info = String(await node.ask('CLUSTER', 'INFO'));
        return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
      },
      'the cluster is one',
      20_000,
    );
  }
  return { nodes, moveSlots: () => moveSlots(first, second) };
}

async function moveSlots(from: RedisServer, to: RedisServer): Promise<void> {
  const [source, target] = [
    String(await from.ask('CLUSTER', 'MYID')),
    String(await to.ask('CLUSTER', 'MYID')),
  ];
  const keys = (await from.ask('KEYS', '*')) as string[];
  const slots = new Set(await Promise.all(keys.map((key) => from.ask('CLUSTER', 'KEYSLOT', key))));
  for (const slot of [...slots].slice(0, 5).map(String)) {
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source);
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target);
    const moved = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    for (const key of moved) await from.ask('MIGRATE', '127.0.0.1', String(to.port), key, '0', '1000');
    for (const node of [to, from]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target);
  }
}

/** A master, a replica, and a sentinel that watches them under the name `shop`. */
export interface SentinelGroup {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
}

/** Starts a group that ends with the test. Its sentinel needs nobody's consent, and half a second of silence. */
export async function startSentinel(t: Ending): Promise<SentinelGroup> {
  const master = await startRedis(t);
  const replica = await startRedis(t, [
    '--replicaof',
    `127.0.0.1 ${master.port}`,
    '--repl-diskless-sync-delay',
    '0',
  ]);
  await eventually(
    async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'),
    'the replica follows',
  );
  const folder = mkdtempSync(join(tmpdir(), 'waygate-sentinel-'));
  onFinish(t, 'checks', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `sentinel monitor shop 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds shop 500',
      'sentinel failover-timeout shop 2000',
      '',
    ].join('\n'),
  );
  const sentinel = new RedisServer(await freePort(), ['--sentinel'], file);
  onFinish(t, 'targets', () => sentinel.close());
  await sentinel.start();
  await eventually(
    async () => {
      const known = (await sentinel.ask('SENTINEL', 'REPLICAS', 'shop')) as unknown[];
      return known.length === 1;
    },
    'the sentinel knows the replica',
    20_000,
  );
  return { master, replica, sentinels: [sentinel] };
}

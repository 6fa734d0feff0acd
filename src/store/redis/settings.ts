/** Where Redis or Valkey is, and how it is spoken to: what `redis:` of a configuration comes to. Times are milliseconds. */
export interface RedisSettings {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** The server itself, the sentinels, or nodes of the cluster from which the others are learned. */
  readonly nodes: readonly RedisNode[];
  /** How the sentinels are asked; undefined unless there are any. */
  readonly sentinel: RedisSentinel | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined without TLS. */
  readonly tls: RedisTls | undefined;
  readonly database: number;
  /** In front of every key and channel. */
  readonly keyPrefix: string;
  /** The longest time that a call takes. */
  readonly timeout: number;
  /** The longest time to open a connection, TLS and authentication included. */
  readonly connectTimeout: number;
}

/** The address of a server. */
export interface RedisNode {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What sentinels are asked for, and how they want to be asked. */
export interface RedisSentinel {
  /** What they call the group of a master and its replicas. */
  readonly name: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** How servers are verified. */
export interface RedisTls {
  /** The path of a PEM file; undefined for the authorities of Node. */
  readonly ca: string | undefined;
  readonly serverName: string | undefined;
  readonly verify: boolean;
}

/** A server's address for people: never with user or password. */
export function addressOf({ host, port }: RedisNode): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a link leads, for people. */
export function placeOf({ kind, nodes, sentinel }: RedisSettings): string {
  const addresses = nodes.map(addressOf).join(', ');
  if (kind === 'single') return `Redis at ${addresses}`;
  return kind === 'cluster'
    ? `the Redis cluster at ${addresses}`
    : `the Redis ${sentinel?.name ?? ''} of the sentinels at ${addresses}`;
}

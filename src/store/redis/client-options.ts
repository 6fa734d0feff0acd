import { readFileSync } from 'node:fs';
import type { RedisNode, RedisSettings } from './settings.ts';

/** Who speaks to a server. */
interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * What every client of `@redis/client` is made with.
 *
 * It never connects a second time and keeps nothing for later: the link decides when to try again, and makes a new client. No
 * time-outs of the client's own either, for they end when a command has been written. RESP2, which every version of Redis and
 * Valkey speaks, and everything in front of them.
 */
interface CommonOptions {
  RESP: 2;
  username?: string;
  password?: string;
  disableOfflineQueue: true;
  /** What a user's access rules may forbid is not asked for. */
  disableClientInfo: true;
  maintNotifications: 'disabled';
  commandOptions: { timeout: 0 };
}

interface SocketOptions {
  connectTimeout: number;
  reconnectStrategy: false;
  keepAliveInitialDelay: number;
}

type PlainSocket = SocketOptions & { tls: false };
type TlsSocket = SocketOptions & { tls: true; rejectUnauthorized: boolean; ca?: Buffer; servername?: string };

/** What the client for one server is made with. */
export function clientOptions(
  settings: RedisSettings,
  node: RedisNode,
  login: Login = settings,
): CommonOptions & { socket: (PlainSocket | TlsSocket) & RedisNode; database: number } {
  return {
    ...commonOptions(login),
    socket: { ...socketOptions(settings), host: node.host, port: node.port },
    database: settings.database,
  };
}

/** The options of every connection to a cluster, whose nodes say themselves where they are. */
export function nodeDefaults(settings: RedisSettings): CommonOptions & { socket: PlainSocket | TlsSocket } {
  return { ...commonOptions(settings), socket: socketOptions(settings) };
}

function commonOptions({ username, password }: Login): CommonOptions {
  return {
    RESP: 2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  };
}

function socketOptions({ tls, connectTimeout }: RedisSettings): PlainSocket | TlsSocket {
  const common: SocketOptions = { connectTimeout, reconnectStrategy: false, keepAliveInitialDelay: 15_000 };
  if (tls === undefined) return { ...common, tls: false };
  return {
    ...common,
    tls: true,
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

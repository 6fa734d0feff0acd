import { readFileSync } from 'node:fs';
import type { RedisNode, RedisSettings } from './settings.ts';

/** Who speaks to a server. */
interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * What a client of `@redis/client` is made with.
 *
 * It never connects a second time and keeps nothing for later: the link decides when to try again, and makes a new client. No
 * time-outs of the client's own either, for they end when a command has been written. RESP2, which every version of Redis and
 * Valkey speaks, and everything in front of them.
 */
export function clientOptions(settings: RedisSettings, node: RedisNode, login: Login = settings) {
  return {
    ...sharedOptions(settings, login),
    socket: { ...socketOptions(settings), host: node.host, port: node.port },
    database: settings.database,
  };
}

/** The options of every connection to a cluster, whose nodes say themselves where they are. */
export function nodeDefaults(settings: RedisSettings) {
  return { ...sharedOptions(settings, settings), socket: socketOptions(settings) };
}

function sharedOptions(_settings: RedisSettings, { username, password }: Login) {
  return {
    RESP: 2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    // What a user's access rules may forbid is not asked for.
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  } as const;
}

function socketOptions({ tls, connectTimeout }: RedisSettings) {
  const common = { connectTimeout, reconnectStrategy: false, keepAliveInitialDelay: 15_000 } as const;
  if (tls === undefined) return { ...common, tls: false } as const;
  return {
    ...common,
    tls: true,
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  } as const;
}

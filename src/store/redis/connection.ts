import type { RedisArgument } from '../../core/redis.ts';
import type { RedisSettings } from './settings.ts';

/** A connection that has been authenticated, to one server or to all masters of a cluster. It is used until it fails once. */
export interface Connection {
  /** Sends one command; what is sent in one turn of the event loop leaves in one write. Rejects with whatever the client has. */
  send(command: Command): Promise<unknown>;
  /** The fault behind an error that {@link send} rejected with is a reply of the server. */
  isReply(error: unknown): error is Error;
  /** Keys such that every server that is written to has one of them, behind the prefix that is given. */
  probeKeys(prefix: string): readonly string[];
  /** Lets calls under way end, then closes. */
  close(): void;
  /** Closes now: calls under way are rejected. */
  destroy(): void;
}

/** One command on its way. */
export interface Command {
  /** The first key, complete, which says where in a cluster it goes. */
  readonly key: string | undefined;
  readonly readOnly: boolean;
  readonly args: readonly RedisArgument[];
  /** Texts in the reply stay octets. */
  readonly binary: boolean;
}

/** Opens a connection. Rejects with whatever the client has, in no particular time: the caller watches the clock. */
export type OpenConnection = (settings: RedisSettings, signals: ConnectionSignals) => Promise<Connection>;

/** What goes on while a connection is opened and used. */
export interface ConnectionSignals {
  /** It broke without having been closed. */
  readonly onLost: (error: unknown) => void;
  /** Nobody waits any more: what has been opened so far is to be closed. */
  readonly abandoned: AbortSignal;
}

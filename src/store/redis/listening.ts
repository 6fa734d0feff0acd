import { connectUnlessAbandoned } from './abandonable.ts';
import { clientOptions } from './client-options.ts';
import { throughSentinels } from './sentinel.ts';
import type { RedisNode, RedisSettings } from './settings.ts';

/** A connection on which messages arrive. */
export interface Listening {
  /** Resolves when every message from now on will come. */
  listen(channel: string): Promise<void>;
  mute(channel: string): Promise<void>;
  /** Resolves when the server has answered. */
  ping(): Promise<unknown>;
  destroy(): void;
}

/** What goes on on it. */
export interface ListeningSignals {
  readonly onMessage: (channel: string, payload: Buffer) => void;
  /** It broke without having been closed. */
  readonly onLost: () => void;
  readonly abandoned: AbortSignal;
}

/** Opens a connection for messages: to the server, the master of the day, or whichever node of a cluster answers, for all nodes have all messages. */
export async function openListening(settings: RedisSettings, signals: ListeningSignals): Promise<Listening> {
  if (settings.kind === 'sentinel') {
    return throughSentinels(settings, signals, (master) => listenAt(settings, master, signals));
  }
  let failure: unknown;
  for (const node of settings.nodes) {
    signals.abandoned.throwIfAborted();
    try {
      return await listenAt(settings, node, signals);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function listenAt(
  settings: RedisSettings,
  node: RedisNode,
  { onMessage, onLost, abandoned }: ListeningSignals,
): Promise<Listening> {
  const { createClient } = await import('@redis/client');
  const client = createClient({ ...clientOptions(settings, node), database: 0 });
  client.on('error', onLost);
  await connectUnlessAbandoned(client, abandoned);
  const listener = (payload: Buffer, channel: Buffer): void => {
    onMessage(channel.toString(), payload);
  };
  return {
    listen: (channel) => client.subscribe(channel, listener, true),
    mute: (channel) => client.unsubscribe(channel, listener, true),
    ping: () => client.sendCommand(['PING']),
    destroy: () => {
      client.destroy();
    },
  };
}

import type { Logger } from '../../core/logger.ts';
import { maskSecrets } from '../../observe/mask-secrets.ts';
import { Batches } from './batches.ts';
import type { Outbox } from './outbox.ts';
import type { LogEntry } from './protocol.ts';

/** Lines kept while the main thread has no time for them. */
const mostLines = 1000;

/** The operational log of a thread: the main thread writes it. */
export interface ThreadLogger extends Logger {
  /** Resolves when everything has been handed over, or after so many milliseconds. */
  whenIdle(patience: number): Promise<void>;
}

/** Makes a logger that hands its lines to the main thread as plain data, secrets masked. */
export function createThreadLogger(outbox: Outbox): ThreadLogger {
  const entries = new Batches<LogEntry>(mostLines, (items, taken) => {
    outbox.send({ kind: 'log', entries: items }, taken);
  });
  const at =
    (level: LogEntry['level']): Logger['info'] =>
    (fields, message) => {
      entries.push({ level, fields: plain(fields), message });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    whenIdle: (patience) => entries.whenIdle(patience),
  };
}

/** Fields that can be sent to another thread; a log must not fail over what somebody wanted to say. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(maskSecrets(fields))) as Record<string, unknown>;
  } catch (error) {
    return { fieldsLost: String(error) };
  }
}

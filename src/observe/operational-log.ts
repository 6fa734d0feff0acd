import { createRequire } from 'node:module';
import type { pino as Pino } from 'pino';
import type { Logger } from '../core/logger.ts';
import { escapeJson } from './escape.ts';
import type { Destination } from './destination.ts';
import { LineWriter } from './line-writer.ts';
import { standardDestination } from './standard-destination.ts';
import { maskSecrets, maskText } from './mask-secrets.ts';
import { createPrettyEntry } from './pretty-entry.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** How much the log says; each level includes those behind it. */
export type LogLevel = (typeof levels)[number];

/** The log of what happens to the gateway itself, as opposed to the exchanges that pass through it. */
export interface OperationalLog extends Logger {
  /** Resolves when everything is written, or lost after one second of a destination that does not take it. */
  close(): Promise<void>;
}

export interface OperationalLogOptions {
  /** The least important message that is still written; a function is asked each time, for a reload may change it. */
  readonly level: LogLevel | (() => LogLevel);
  /** Lines for people at a terminal instead of JSON. */
  readonly pretty: boolean;
  /** Whether the lines for people use colours. */
  readonly color?: boolean;
  /** Where lines go; standard error when it is left out, so that the access log has standard output for itself. */
  readonly write?: Destination;
}

/** Keys that the log writes itself; a field of that name gets a `_` behind it. */
const ownKeys: ReadonlySet<string> = new Set(['time', 'level', 'message']);

/**
 * Opens the operational log. Fields and messages are masked before they are written: keys whose names promise a
 * secret, credentials in URLs, tokens. Writing never blocks; see {@link LineWriter}.
 */
export function createLogger(options: OperationalLogOptions): OperationalLog {
  const output = options.write === undefined ? standardDestination(2) : { destination: options.write };
  const writer = new LineWriter({ ...output, delay: 0 });
  const format = options.pretty ? createPrettyEntry(options.color ?? false) : escapeLine;
  let backend: ReturnType<typeof createBackend> | undefined;
  const least = typeof options.level === 'function' ? options.level : constantly(options.level);
  const at =
    (level: LogLevel): Logger[LogLevel] =>
    (fields, message) => {
      if (levels.indexOf(level) < levels.indexOf(least())) return;
      backend ??= createBackend((line) => {
        writer.write(format(line));
      });
      backend[level](plain(fields), maskText(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    close: () => writer.close(),
  };
}

/** Loads pino when the first line is written: its thirty modules would take a twentieth of the time that a start has. */
function createBackend(write: (line: string) => void) {
  const load = createRequire(import.meta.url);
  const { pino } = load('pino') as { readonly pino: typeof Pino };
  return pino(
    {
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      messageKey: 'message',
      serializers: { err: (error: unknown) => error },
    },
    { write },
  );
}

/** Fields as plain data with secrets masked; a log must not fail over what somebody wanted to say. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    const copy: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) copy[ownKeys.has(name) ? `${name}_` : name] = value;
    return maskSecrets(copy) as Record<string, unknown>;
  } catch (error) {
    return { fieldsLost: String(error) };
  }
}

function constantly(level: LogLevel): () => LogLevel {
  return () => level;
}

function escapeLine(line: string): string {
  return `${escapeJson(line.trimEnd())}\n`;
}

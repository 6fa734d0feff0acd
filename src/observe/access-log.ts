import type { AccessRecord } from './access-record.ts';
import { createJsonFormat } from './json-line.ts';
import type { Destination } from './destination.ts';
import { LineWriter } from './line-writer.ts';
import { standardDestination } from './standard-destination.ts';
import { maskQuery } from './mask-query.ts';
import { createPrettyFormat } from './pretty-line.ts';

export type { AccessRecord } from './access-record.ts';

/** The log of exchanges: one line for each, whatever a client sends. */
export interface AccessLog {
  /** Takes one record; formats it at once and writes it soon. Never throws, never waits. */
  log(record: AccessRecord): void;
  /** Hands over what has been gathered. */
  flush(): void;
  /** Resolves when everything is written, or lost after one second of a destination that does not take it. */
  close(): Promise<void>;
  /** How many lines were dropped because the destination did not take them. */
  readonly dropped: number;
}

export interface AccessLogOptions {
  /** One JSON object a line, or aligned columns for people. */
  readonly format: 'json' | 'pretty';
  /** Whether query strings are logged; values that look like secrets are masked even then. */
  readonly query: boolean;
  /** Whether the `pretty` format uses colours. */
  readonly color: boolean;
  /** Where lines go; standard output when it is left out. */
  readonly write?: Destination;
}

/** Milliseconds that a line waits for others, so that a busy gateway makes one system call for many. */
const gatherFor = 100;

/** Opens the access log. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const query = options.query ? maskQuery : () => undefined;
  const format =
    options.format === 'json' ? createJsonFormat(query) : createPrettyFormat(query, options.color);
  const output = options.write === undefined ? standardDestination(1) : { destination: options.write };
  const writer = new LineWriter({ ...output, delay: gatherFor });
  return {
    log: (record) => {
      writer.write(format(record));
    },
    flush: () => {
      writer.flush();
    },
    close: () => writer.close(),
    get dropped() {
      return writer.dropped;
    },
  };
}

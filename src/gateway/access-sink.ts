import type { Logger } from '../core/logger.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import { wantsColor } from '../observe/paint.ts';
import { AccessOutput } from './access-output.ts';
import type { AccessSink } from './data-plane.ts';
import type { GatewayOptions } from './gateway-options.ts';

/** Where this process's records of exchanges go: a function of the program's own, nowhere, or standard output. */
export function accessSink(
  accessLog: GatewayOptions['accessLog'],
  logger: Logger,
): AccessSink & { readonly dropped: number } {
  if (accessLog === undefined) return new AccessOutput(standardOutput());
  return {
    dropped: 0,
    log: (record) => {
      callAccessLog(accessLog, record, logger);
    },
    adopt: () => {},
    close: async () => {},
  };
}

/** What standard output is like. */
export function standardOutput(): { readonly terminal: boolean; readonly color: boolean } {
  return { terminal: process.stdout.isTTY, color: wantsColor(process.stdout, process.env) };
}

/** Hands a record to the program's own access log, which must not fail the gateway. */
export function callAccessLog(
  accessLog: ((record: AccessRecord) => void) | false,
  record: AccessRecord,
  logger: Logger,
): void {
  if (accessLog === false) return;
  try {
    accessLog(record);
  } catch (error) {
    logger.error({ err: error }, 'the access log failed');
  }
}

import type { AccessRecord } from '../../observe/access-record.ts';
import type { Destination } from '../../observe/destination.ts';
import { AccessOutput } from '../access-output.ts';
import type { AccessSink } from '../data-plane.ts';
import { Batches } from './batches.ts';
import type { Outbox } from './outbox.ts';
import type { ThreadData } from './protocol.ts';

/** Records kept while the main thread has no time for them. */
const mostRecords = 10_000;

/** The access log of a thread: lines are made here, and the main thread writes those of all threads. */
export function createHandedOverLog(
  { accessLog, output }: Pick<ThreadData, 'accessLog' | 'output'>,
  outbox: Outbox,
): AccessSink & { readonly dropped: number } {
  if (accessLog === 'lines') return new AccessOutput({ ...output, write: destination(outbox) });
  const records = new Batches<AccessRecord>(mostRecords, (items, taken) => {
    outbox.send({ kind: 'records', records: items }, taken);
  });
  return {
    get dropped() {
      return records.dropped;
    },
    log: (record) => {
      if (accessLog === 'records') records.push(record);
    },
    adopt: () => {},
    close: () => records.whenIdle(1000),
  };
}

/** The main thread, as the place where lines are written to: it takes a batch when the one before is written. */
function destination(outbox: Outbox): Destination {
  return (octets, done) => {
    // A copy, because memory that is handed over must not be shared with anything else.
    outbox.send({ kind: 'lines', octets: new Uint8Array(octets) }, (code) => {
      if (code === undefined) done(null, octets.length);
      else done(Object.assign(new Error(code), { code }), 0);
    });
  };
}

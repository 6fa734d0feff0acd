/** What a line of the access log costs, until it is handed to the system. */
import type { AccessLog, AccessRecord } from '../../src/observe/access-log.ts';
import { createAccessLog } from '../../src/observe/access-log.ts';
import { Meter } from './meter.ts';

const calls = 300_000;

export function logLine(meter: Meter): void {
  const open = (format: 'json' | 'pretty', query: boolean): AccessLog =>
    createAccessLog({
      format,
      query,
      color: false,
      write: (octets, done) => {
        done(null, octets.length);
      },
    });
  for (const [what, log] of [
    ['JSON line', open('json', false)],
    ['JSON line with its query', open('json', true)],
    ['pretty line', open('pretty', false)],
  ] as const) {
    meter.time(what, calls, (call) => {
      log.log(record(call));
      return 1;
    });
    log.flush();
    if (log.dropped > 0) throw new Error(`${what}: ${log.dropped} lines were dropped`);
  }
  meter.time('naive: JSON.stringify of the record', calls, (call) => JSON.stringify(record(call)).length);
}

/** Records as they come: time, id, path, durations differ, the rest repeats. */
function record(call: number): AccessRecord {
  return {
    time: 1_795_363_200_000 + call,
    id: `0b7e8c52-4f0e-4b60-9d7b-${String(call).padStart(12, '0')}`,
    clientIp: '192.0.2.7',
    method: 'GET',
    host: 'api.example.com',
    path: `/services/users/${call % 5000}`,
    query: 'page=2&size=50',
    httpVersion: '1.1',
    route: '/services/users',
    status: 200,
    duration: 1.5 + (call % 1000) / 1000,
    upstreamDuration: 1.25 + (call % 700) / 1000,
    target: '127.0.0.1:3001',
    requestBytes: 0,
    responseBytes: 116 + (call % 100),
    attempts: 1,
    consumer: undefined,
    error: undefined,
    policy: undefined,
    detail: undefined,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  };
}

if (import.meta.main) logLine(new Meter());

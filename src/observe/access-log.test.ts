import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AccessLogOptions, type AccessRecord, createAccessLog } from './access-log.ts';

const plain: AccessRecord = {
  time: Date.UTC(2026, 10, 22, 13, 41, 19, 7),
  id: '0192-abc',
  clientIp: '192.0.2.1',
  method: 'GET',
  host: 'api.example.com',
  path: '/users/1',
  query: 'page=2&token=canary',
  httpVersion: '1.1',
  route: '/users',
  status: 200,
  duration: 12.3456,
  upstreamDuration: 11.1,
  target: '127.0.0.1:3001',
  requestBytes: 0,
  responseBytes: 1234,
  attempts: 1,
  consumer: undefined,
  error: undefined,
  policy: undefined,
  detail: undefined,
  userAgent: 'curl/8.0',
};

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\r',
      '\t',
      '\0',
      '\x1b',
      '\x7f',
      '\x9b',
      '\u2028',
      '\u202e',
      '\ud800',
      'é',
      '😀',
      '{',
      '}',
    ),
  }),
);
const optionalText = fc.option(text, { nil: undefined });
const number = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 2 ** 53));
const record: fc.Arbitrary<AccessRecord> = fc.record({
  time: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.double({ min: 0, max: 4e12, noNaN: true })),
  id: text,
  clientIp: text,
  method: text,
  host: text,
  path: text,
  query: optionalText,
  httpVersion: text,
  route: text,
  status: fc.nat(999),
  duration: number,
  upstreamDuration: fc.option(number, { nil: undefined }),
  target: optionalText,
  requestBytes: fc.nat(),
  responseBytes: fc.nat(),
  attempts: fc.nat(10),
  consumer: optionalText,
  error: optionalText,
  policy: optionalText,
  detail: optionalText,
  userAgent: optionalText,
});

/** What the log writes for some records. */
async function written(options: Partial<AccessLogOptions>, ...records: AccessRecord[]): Promise<string> {
  let output = '';
  const log = createAccessLog({
    format: 'json',
    query: false,
    color: false,
    write: (octets, done) => {
      output += Buffer.from(octets).toString('utf8');
      done(null, octets.length);
    },
    ...options,
  });
  for (const one of records) log.log(one);
  await log.close();
  return output;
}

/** A record as `JSON.stringify` would have it, with the time as text and numbers to three decimals. */
function expected(one: AccessRecord): unknown {
  const rounded = Object.entries(one).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' && Math.abs(value) < 2 ** 43 ? Math.round(value * 1000) / 1000 : value,
  ]);
  return JSON.parse(
    JSON.stringify({
      ...Object.fromEntries(rounded),
      time: new Date(one.time).toISOString(),
      query: undefined,
    }),
  );
}

const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('the JSON format', () => {
  test('has the members of a record, in order, without those that are undefined', async () => {
    assert.equal(
      await written({}, plain),
      '{"time":"2026-11-22T13:41:19.007Z","id":"0192-abc","clientIp":"192.0.2.1","method":"GET",' +
        '"host":"api.example.com","path":"/users/1","httpVersion":"1.1","route":"/users","status":200,' +
        '"duration":12.346,"upstreamDuration":11.100,"target":"127.0.0.1:3001","requestBytes":0,"responseBytes":1234,' +
        '"attempts":1,"userAgent":"curl/8.0"}\n',
    );
  });

  test('says what JSON.stringify would say, whatever a record holds', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (one) => {
        // -0 is 0 in JSON; a number beyond 2^53 keeps its digits.
        assert.deepEqual(JSON.parse(await written({}, one)), expected(one));
      }),
      { numRuns: 1000 },
    );
  });

  test('tells records apart that differ in one member only', async () => {
    const members = ['clientIp', 'method', 'host', 'httpVersion', 'route', 'target', 'userAgent'] as const;
    const change = fc.tuple(fc.constantFrom(...members, 'status' as const), fc.nat(2));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 20 }), async (changes) => {
        const records = changes.map(([member, at]) => ({
          ...plain,
          [member]: member === 'status' ? 200 + at : ['', 'a', 'b'][at],
        }));
        const lines = (await written({}, ...records)).trimEnd().split('\n');
        assert.deepEqual(
          lines.map((line): unknown => JSON.parse(line)),
          records.map(expected),
        );
      }),
    );
  });

  test('is one line a record, without anything that a terminal obeys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
        const output = await written({ query: true }, ...records);
        assert.doesNotMatch(output, control);
        assert.equal(output.split('\n').length, records.length + 1);
        for (const line of output.trimEnd().split('\n')) JSON.parse(line);
      }),
      { numRuns: 300 },
    );
  });

  test('writes every time as toISOString does', async () => {
    const times = [0, 999, 1000, 1795355488382, 1795355488383, 1795355489000, 1795355488001, 86399999];
    const lines = (await written({}, ...times.map((time) => ({ ...plain, time })))).trimEnd().split('\n');
    const stamps = lines.map((line) => (JSON.parse(line) as { time: string }).time);
    assert.deepEqual(
      stamps,
      times.map((time) => new Date(time).toISOString()),
    );
  });

  test('leaves the query out unless it is asked for, and masks its secrets then', async () => {
    assert.doesNotMatch(await written({}, plain), /page|canary/);
    const line = JSON.parse(await written({ query: true }, plain)) as { query: string };
    assert.equal(line.query, 'page=2&token=***');
  });
});

describe('the format for people', () => {
  test('is one aligned line a record', async () => {
    const output = await written(
      { format: 'pretty' },
      plain,
      { ...plain, method: 'OPTIONS', status: 204, path: '/', duration: 0.4, target: undefined },
      {
        ...plain,
        status: 502,
        duration: 3004,
        attempts: 2,
        error: 'upstream_connect_failed',
        detail: 'connect ECONNREFUSED',
      },
      { ...plain, status: 0, error: 'client_aborted', detail: undefined, duration: 61_000 },
    );
    assert.deepEqual(
      output.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3}/, '13:41:19.007')),
      [
        '13:41:19.007  200  GET     /users/1                                 12 ms  127.0.0.1:3001',
        '13:41:19.007  204  OPTIONS  /                                       0.4 ms',
        '13:41:19.007  502  GET     /users/1                                 3.0 s  127.0.0.1:3001  2 attempts  upstream_connect_failed: connect ECONNREFUSED',
        '13:41:19.007   –   GET     /users/1                                  61 s  127.0.0.1:3001  client_aborted',
        '',
      ],
    );
  });

  test('carries nothing that a terminal obeys, whatever a record holds', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (one) => {
        const output = await written({ format: 'pretty', query: true }, one);
        assert.doesNotMatch(output, control);
        assert.equal(output.indexOf('\n'), output.length - 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('has colours only where asked for', async () => {
    assert.match(await written({ format: 'pretty', color: true }, plain), /\x1b\[32m200\x1b\[39m/);
    assert.doesNotMatch(await written({ format: 'pretty', color: false }, plain), /\x1b/);
  });
});

test('F183 the log counts what its destination does not take', async () => {
  const log = createAccessLog({
    format: 'json',
    query: false,
    color: false,
    write: (_, done) => {
      done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }), 0);
    },
  });
  log.log(plain);
  log.flush();
  log.log(plain);
  assert.equal(log.dropped, 2);
  await log.close();
});

test('docs/operating.md lists exactly the members of a line, and shows one', async () => {
  const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const full: AccessRecord = { ...plain, consumer: 'c', error: 'internal', policy: 'p', detail: 'd' };
  const members = Object.keys(JSON.parse(await written({ query: true }, full)) as object);
  const section = page.slice(page.indexOf('## The access log'));
  const rows = [...section.slice(0, section.indexOf('\n## ', 5)).matchAll(/^\| (`\w+`(?:, `\w+`)*) +\|/gm)];
  const listed = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));
  assert.deepEqual(listed.toSorted(), members.toSorted());
  const example = JSON.parse(/```text\n(\{"time".*\})\n```/.exec(page)?.[1] ?? '') as object;
  assert.deepEqual(Object.keys(example), Object.keys(JSON.parse(await written({}, plain)) as object));
});

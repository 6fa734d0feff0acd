import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newDraft } from '../draft.ts';
import { ReportWriter } from '../report.ts';
import type { Described, RecordedCall } from './recorder/recording.ts';
import { readCall, reportCall } from './translate-call.ts';

const text = (value: string): Described => ({ type: 'plain', value });
const plain = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.boolean(),
  fc.integer(),
  fc.constant(null),
  fc.constantFrom(
    'http://localhost:3001',
    'https://a.test/base?x',
    '/api',
    '^/api',
    '/api/**',
    '*',
    'user:pass',
  ),
);
const leaf: fc.Arbitrary<Described> = fc.oneof(
  plain.map((value): Described => ({ type: 'plain', value })),
  fc.constant<Described>({ type: 'function', name: 'f' }),
  fc.constant<Described>({ type: 'regexp', source: '^/a', flags: 'i' }),
  fc.constant<Described>({ type: 'url', href: 'http://u:p@b.test:8080/x' }),
  fc.constant<Described>({
    type: 'other',
    what: 'Agent',
    entries: [['maxSockets', { type: 'plain', value: 3 }]],
  }),
);
const key = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '^/api',
    '^/old/(.*)$',
    'x-key',
    'authorization',
    'host',
    'proxyReq',
    'a.test/x',
    '/p',
  ),
);
const value: fc.Arbitrary<Described> = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }).map((items): Described => ({ type: 'list', items })),
  fc
    .uniqueArray(fc.tuple(key, leaf), { maxLength: 4, selector: ([name]) => name })
    .map((entries): Described => ({ type: 'map', entries })),
);
const option = fc.oneof(
  fc.constantFrom(
    ...[
      'target',
      'router',
      'changeOrigin',
      'pathFilter',
      'pathRewrite',
      'on',
      'xfwd',
      'headers',
      'secure',
      'ssl',
      'agent',
      'timeout',
    ],
    ...[
      'proxyTimeout',
      'cookieDomainRewrite',
      'cookiePathRewrite',
      'followRedirects',
      'hostRewrite',
      'autoRewrite',
      'ws',
      'auth',
    ],
    ...[
      'protocolRewrite',
      'selfHandleResponse',
      'plugins',
      'ejectPlugins',
      'logger',
      'prependPath',
      'ignorePath',
      'forward',
    ],
    ...[
      'preserveHeaderKeyCase',
      'onProxyReq',
      'logLevel',
      'toProxy',
      'buffer',
      'http2',
      'localAddress',
      'upgradeTimeout',
    ],
  ),
  fc.string({ maxLength: 6 }),
  fc.constant('__proto__'),
);
const options = fc.uniqueArray(fc.tuple(option, value), { maxLength: 8, selector: ([name]) => name });

/** Options that say a thing for each of their entries. */
const composed: Readonly<Record<string, (inner: string) => string>> = {
  router: (inner) => `router[${JSON.stringify(inner)}]`,
  pathRewrite: (inner) => `pathRewrite[${JSON.stringify(inner)}]`,
  headers: (inner) => `headers.${inner}`,
  on: (inner) => `on.${inner}`,
};

function subjectsOf(entries: readonly (readonly [string, Described])[]): string[] {
  return entries.flatMap(([name, described]) => {
    const inner = Object.hasOwn(composed, name) ? composed[name] : undefined;
    if (inner === undefined || described.type !== 'map' || described.entries.length === 0) return [name];
    return described.entries.map(([each]) => inner(each));
  });
}

function callWith(entries: readonly (readonly [string, Described])[]): RecordedCall {
  return {
    package: 'http-proxy-middleware',
    name: 'createProxyMiddleware',
    version: '4.2.1',
    args: [{ type: 'map', entries }],
  };
}

test('everything that a call says is translated, approximated or left out, exactly once', () => {
  fc.assert(
    fc.property(options, (entries) => {
      const report = new ReportWriter();
      const read = readCall(callWith(entries), newDraft([]), report);
      assert.deepEqual(read.said.map(({ subject }) => subject).toSorted(), subjectsOf(entries).toSorted());
      reportCall(read, report);
    }),
    { numRuns: 500 },
  );
});

test('no secret of a call is in its report', () => {
  const secrets = ['hunter2', 'tok-123', 'pw-target', Buffer.from('me:hunter2').toString('base64')];
  const draft = newDraft([]);
  const report = new ReportWriter();
  const read = readCall(
    callWith([
      ['target', text('http://u:pw-target@a.test')],
      ['auth', text('me:hunter2')],
      [
        'headers',
        {
          type: 'map',
          entries: [
            ['Authorization', text('Bearer tok-123')],
            ['x-api-key', text('tok-123')],
          ],
        },
      ],
    ]),
    draft,
    report,
  );
  reportCall(read, report);
  const shown = JSON.stringify(report);
  for (const secret of secrets) assert.ok(!shown.includes(secret), secret);
  assert.ok(
    report.secrets.length >= 3 && report.secrets.every(({ variable }) => draft.secrets.has(variable)),
  );
  assert.ok(!JSON.stringify(read.plan.headers).includes('tok-123'));
});

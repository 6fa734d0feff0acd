import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertSaid, type Saying } from '../../../test/kit/said-once.ts';
import { importExpressGateway } from './import-express-gateway.ts';
import { readYamlTree } from './yaml-tree.ts';

/** A key of YAML with what is below it; `says` is how what is said of it begins, if anything is. */
interface Key {
  readonly key: string;
  readonly says?: string;
  readonly value?: string;
  readonly inside?: readonly Key[];
}

function writtenYaml(keys: readonly Key[], depth: number, lines: string[], sayings: Saying[]): void {
  for (const { key, says, value = '', inside = [] } of keys) {
    lines.push(`${'  '.repeat(depth)}${key}: ${value}`.trimEnd());
    if (says !== undefined) sayings.push([lines.length, says]);
    writtenYaml(inside, depth + 1, lines, sayings);
  }
}

const someKeys = (from: readonly Key[], maxLength: number): fc.Arbitrary<Key[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { maxLength, selector: ({ key }) => key });

/** Options of policies of Express Gateway: those that are read, and one that nobody knows. */
const actions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  jwt: {
    issuer: ['i'],
    audience: ['u'],
    secretOrPublicKey: ['abc123-abc123-abc123-abc123-abc123'],
    checkCredentialExistence: ['false'],
  },
  'key-auth': {},
  'my-token-check': {},
  'oauth2-introspect': {
    endpoint: ["'https://i.test/x'"],
    authorization_value: ['Bearer abc123'],
    ttl: ['5'],
  },
  cors: {
    origin: ["'*'", 'false', '[https://a.test]'],
    maxAge: ['5'],
    credentials: ['true'],
    methods: ['GET'],
  },
  'rate-limit': { max: ['0', '3', 'x'], windowMs: ['1000', '-1'], rateLimitBy: ["'${req.ip}'", "'${nope}'"] },
  headers: { forwardHeaders: ['{ a: req.ip }', '{}'], headersPrefix: ['x-'] },
  'request-transformer': { headers: ['{ add: { a: req.ip }, remove: [b] }'] },
  terminate: { statusCode: ['403'], message: ['no'] },
  log: {},
  expression: {},
  proxy: { serviceEndpoint: ['s', 'none'], stripPath: ['true', 'false'], changeOrigin: ['false'] },
};
/** Whose options are said one by one only where the policy itself is more than left out. */
const conditions = ['', '', '{ name: never }', '{ name: method, methods: [GET] }', '{ name: nobodyKnows }'];

const step = fc.constantFrom(...Object.keys(actions)).chain((policy) =>
  fc
    .tuple(
      fc.tuple(
        ...Object.entries(actions[policy] ?? {}).map(([key, values]) =>
          fc.option(
            fc.constantFrom(...values).map((value): Key => ({ key, value })),
            { nil: undefined },
          ),
        ),
      ),
      fc.constantFrom(...conditions),
    )
    .map(([options, condition]) => ({
      policy,
      condition,
      options: options.filter((each) => each !== undefined),
    })),
);

const endpointKeys: readonly Key[] = [
  { key: 'paths', value: '[/a, /a/*]' },
  { key: 'host', value: 'a.test' },
  { key: 'methods', value: "'GET,POST'" },
  { key: 'scopes', value: '[read]' },
  { key: 'pathRegex', value: "'^/x('" },
  { key: 'hostRegex', value: 'x.*', says: 'apiEndpoint e: hostRegex' },
  { key: 'nonsense', value: '1', says: 'apiEndpoint e: nonsense' },
];
const topKeys: readonly Key[] = [
  {
    key: 'http',
    says: 'http',
    inside: [
      { key: 'port', value: '80' },
      { key: 'backlog', value: '1', says: 'http: backlog' },
    ],
  },
  { key: 'https', says: 'https', inside: [{ key: 'port', value: '443' }] },
  {
    key: 'admin',
    says: 'admin',
    inside: [
      { key: 'port', value: '9876' },
      { key: 'x', value: '1', says: 'admin: x' },
    ],
  },
  { key: 'policies', value: '[jwt, unused]', says: 'policies' },
  { key: 'nonsense', value: '{ a: 1 }', says: 'nonsense' },
];

test('Express Gateway: everything is translated, approximated or left out, exactly once', () => {
  fc.assert(
    fc.property(
      someKeys(topKeys, 5),
      someKeys(endpointKeys, 4),
      fc.array(step, { maxLength: 4 }),
      fc.boolean(),
      (top, endpoint, steps, used) => {
        const lines: string[] = [];
        const sayings: Saying[] = [];
        const keys: Key[] = [
          ...top,
          { key: 'apiEndpoints', inside: [{ key: 'e', says: 'apiEndpoint e', inside: endpoint }] },
          {
            key: 'serviceEndpoints',
            inside: [
              { key: 's', inside: [{ key: 'url', value: "'http://127.0.0.1:3001'" }] },
              {
                key: 'idle',
                says: 'serviceEndpoint idle',
                inside: [{ key: 'url', value: "'http://127.0.0.1:1'" }],
              },
            ],
          },
        ];
        writtenYaml(keys, 0, lines, sayings);
        lines.push('pipelines:', '  p:', '    nonsense: 1');
        sayings.push([lines.length, 'pipeline p: nonsense']);
        lines.push(`    apiEndpoints: [${used ? 'e' : 'other'}]`, '    policies:');
        for (const { policy, condition, options } of steps) {
          lines.push(`      - ${policy}:`);
          sayings.push([lines.length, policy === 'proxy' ? 'policy proxy to*' : `policy ${policy}`]);
          lines.push('          - nonsense: 1');
          sayings.push([lines.length, `policy ${policy}: nonsense`]);
          if (condition !== '') lines.push(`            condition: ${condition}`);
          if (options.length > 0) lines.push('            action:');
          writtenYaml(options, 7, lines, sayings);
        }
        const source = lines.join('\n');
        const { report } = importExpressGateway(
          readYamlTree(source, 'gateway.config.yml'),
          undefined,
          'x.yml',
          {},
        );
        assertSaid(report, sayings, source);
        assert.ok(!JSON.stringify(report).includes('abc123'), source);
      },
    ),
    { numRuns: 1000 },
  );
});

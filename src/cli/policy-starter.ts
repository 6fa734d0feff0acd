/** What `waygate init policy` writes for a name, and what the configuration needs for it. */
export interface PolicyStarter {
  /** The text of `<name>.ts`, or `.mts`. */
  readonly policy: string;
  /** The text of `<name>.test.ts`, or `.test.mts`. */
  readonly test: string;
  /** What to add to a configuration in YAML, and to one in TypeScript. */
  readonly yaml: string;
  readonly typescript: string;
}

/**
 * A policy to begin with, which does something small and passes its own test.
 * @param name lower-case words joined by `-`.
 * @param folder where the files stand, as seen from the configuration: `./policies`.
 * @param end of the files' names.
 */
export function policyStarter(name: string, folder: string, end: '.ts' | '.mts'): PolicyStarter {
  const identifier = identifierOf(name);
  return {
    policy: policyText(name, identifier),
    test: testText(name, identifier, end),
    yaml: `policyModules: [${folder}/${name}${end}]\npolicies:\n  - ${name}: { header: x-${name} }\n`,
    typescript: `policyModules: ['${folder}/${name}${end}'],\npolicies: [{ '${name}': { header: 'x-${name}' } }],\n`,
  };
}

/** Words that cannot name a constant, and those that the two files use themselves. */
const takenWords: ReadonlySet<string> = new Set(
  (
    'arguments assert await break case catch class const continue debugger default definePolicy delete do else enum eval export ' +
    'extends false fakeExchange fakeResponse finally for function if implements import in instanceof interface let new null ' +
    'optionMistakes package private problemReply protected public return static super switch test testPolicy this throw true try ' +
    'typeof undefined using var void while with yield z async checkFieldName createTestGateway fieldName waygate policy reply head request'
  ).split(' '),
);

function identifierOf(name: string): string {
  const identifier = name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return takenWords.has(identifier)
    ? `own${identifier.charAt(0).toUpperCase()}${identifier.slice(1)}`
    : identifier;
}

function policyText(name: string, identifier: string): string {
  return `import { checkFieldName, definePolicy, fieldName, problemReply, z } from 'waygate/policy';

/**
 * Refuses requests without a certain header, and counts them as \`waygate_policy_${name.replaceAll('-', '_')}_refused_total\`.
 * A beginning: make of it what you need.
 */
export const ${identifier} = definePolicy({
  name: '${name}',
  description: 'Lets requests pass that have a certain header.',
  // Types, defaults, messages for mistakes and what editors complete all come from here.
  options: z.strictObject({
    header: fieldName()
      .default('x-${name}')
      .describe('The header that a request must have. Without it: x-${name}.'),
  }),

  /** Runs once for each route, when a configuration is loaded: what depends on the options alone belongs here. */
  create({ header }, { metrics }) {
    checkFieldName(['header'], header);
    const lowerName = header.toLowerCase();
    const refused = metrics.counter('refused', 'Requests without the header.');

    return {
      /** Before the service is asked. Returns nothing to go on, a reply to answer now, or a promise of either. */
      onRequest(exchange) {
        if (exchange.request.headers.has(lowerName)) return undefined;
        refused.add();
        return problemReply(
          { status: 400, detail: \`The header \${header} is missing.\`, code: 'header_missing' },
          exchange,
        );
      },

      /** Before the head of an answer leaves: of the service, of a policy, or of the gateway. */
      onResponse(_exchange, head) {
        // A cache must not give an answer to requests with another header.
        head.headers.append('vary', header);
      },
    };
  },
});
`;
}

function testText(name: string, identifier: string, end: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestGateway, fakeExchange, fakeResponse, optionMistakes, testPolicy } from 'waygate/testing';
import { ${identifier} } from './${name}${end}';

test('a request without the header is refused, and counted', async () => {
  const policy = testPolicy(${identifier}, {});
  const reply = await policy.request(fakeExchange());
  assert.equal(reply?.status, 400);
  assert.equal(policy.counts.get('refused'), 1);
});

test('a request with the header passes', async () => {
  const policy = testPolicy(${identifier}, { header: 'X-Wanted' });
  assert.equal(await policy.request(fakeExchange({ headers: { 'x-wanted': 'yes' } })), undefined);
  assert.equal(policy.counts.get('refused') ?? 0, 0);
});

test('caches learn that answers depend on the header', async () => {
  const policy = testPolicy(${identifier}, {});
  const head = await policy.response(fakeExchange(), fakeResponse());
  assert.equal(head.headers.get('vary'), 'x-${name}');
});

test('an option that makes no sense is a mistake in the configuration', () => {
  assert.equal(optionMistakes(${identifier}, { header: 'not a name' }).length, 1);
});

test('in a gateway, only requests with the header reach the service', async () => {
  await using waygate = await createTestGateway({
    config: {
      policyModules: [${identifier}],
      upstreams: { service: 'http://localhost:3001' },
      routes: [{ path: '/', upstream: 'service', policies: ['${name}'] }],
    },
  });
  assert.equal((await waygate.handle('http://localhost/')).status, 400);
  const request = new Request('http://localhost/', { headers: { 'x-${name}': 'yes' } });
  assert.equal((await waygate.handle(request)).status, 200);
  assert.equal(waygate.target('service').requests.length, 1);
});
`;
}

import { z } from 'zod';
import { integer } from '../../config/schema/scalars.ts';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { answer } from './answer.ts';
import { expect } from './expect.ts';
import { request } from './request.ts';
import { scalar } from './text-match.ts';

const url = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
  error: (issue) => withRemedy(`${foundIn(issue.input)} is not a URL`, 'write one with https:// or http:// in front'),
});

const issuer = z.union(
  [
    url.transform((name) => ({ issuer: name, jwks: undefined })),
    z.strictObject({
      issuer: url.describe('Its name, as the policy `jwt` has it. Has no default.'),
      jwks: url.optional().describe('Where its keys are, as the policy `jwt` has it. Without it: found by its name.'),
    }),
  ],
  {
    error: (issue) =>
      withRemedy(
        `expected an issuer, found ${foundIn(issue.input)}`,
        'write its URL, or { issuer, jwks } where the policy jwt names the URL of its keys',
      ),
  },
);

const targets = z.record(
  z.string(),
  z.union([answer, z.array(answer).min(1)]).transform((answers) => [answers].flat()),
);

const fetches = z.record(url, answer);

const step = z.strictObject({
  after: duration().optional().describe('How much time passes before the request. Without it: none.'),
  request: request.describe('The request.'),
  repeat: integer(1, 10_000).default(1).describe('How often it is sent; what is expected is expected each time. Without it: once.'),
  expect: expect.optional().describe('What must become of it. Without it: nothing is looked at.'),
});

/** One request, and what is expected of it. */
export type Step = z.output<typeof step>;

const name = z
  .string({ error: (issue) => withRemedy(`expected a name, found ${foundIn(issue.input)}`, 'write what must hold, in words') })
  .trim()
  .min(1, { error: () => withRemedy('the name is empty', 'write what must hold, in words') })
  .max(200)
  .describe('What must hold, in words. Has no default: reports name it.');

const testCase = z.strictObject({
    name,
    request: request.optional().describe('The request. Without it: `steps` has several.'),
    repeat: integer(1, 10_000).optional().describe('How often it is sent; what is expected is expected each time. Without it: once.'),
    expect: expect.optional().describe('What must become of it. Without it: `steps` says so.'),
    steps: z.array(step).min(1).optional().describe('Several requests in a row, that share limits, cache and clock. Without it: the one of `request`.'),
    targets: targets.prefault({}).describe('What upstreams answer in this test. Without it: as the file says.'),
    fetches: fetches.prefault({}).describe('What other servers answer in this test. Without it: as the file says.'),
});

/** A test: its requests share limits, cache and clock. */
export type TestCase = z.output<typeof testCase>;

/** A file of expectations. */
export const documentSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema lives, for the editor; ignored otherwise.'),
  configuration: z
    .string()
    .min(1)
    .optional()
    .describe('The configuration, relative to this file. Without it: the only one of `waygate.config.ts`, `waygate.yaml`, `.yml` and `.json` beside it.'),
  environment: z
    .record(z.string(), scalar.transform(String))
    .prefault({})
    .describe('What `${NAME}` in the configuration stands for; the environment of the command is not looked at. Without it: nothing.'),
  time: z.iso
    .datetime({
      offset: true,
      error: (issue) => withRemedy(`${foundIn(issue.input)} is no time`, 'write one such as "2026-01-01T12:00:00Z"'),
    })
    .default('2026-01-01T12:00:00Z')
    .describe('When each test begins; the clock stands still until a step lets time pass. Without it: 2026-01-01T12:00:00Z.'),
  issuers: z
    .array(issuer)
    .prefault([])
    .describe('Issuers that the test stands in for: tokens of `token` are signed with keys that the policy `jwt` finds there. Without it: none.'),
  targets: targets
    .prefault({})
    .describe('By upstream, what its services answer: always the same, or a list in turn, of which the last stays. Without it: 200, and as JSON what they got.'),
  fetches: fetches
    .prefault({})
    .describe('By URL, what other servers answer that policies ask, such as for keys or a verdict. Without it: such a request fails, and so does the test.'),
  tests: z
    .array(testCase, {
      error: (issue) =>
        withRemedy(
          issue.input === undefined ? 'there are no tests' : `expected a list of tests, found ${foundIn(issue.input)}`,
          'write tests: with a list such as - { name: …, request: GET /, expect: { status: 200 } }',
        ),
    })
    .min(1, { error: () => withRemedy('there are no tests', 'write at least one, or delete the file') })
    .max(10_000)
    .describe('The tests; each meets a gateway that has seen nothing before.'),
});

/** A file of expectations, as read. */
export type ExpectationsDocument = z.output<typeof documentSchema>;

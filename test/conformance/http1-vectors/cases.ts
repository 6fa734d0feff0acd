import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** Where the vectors lie, seen from the root of the project. They are read in place and belong to no package. */
export const vectorsFile = new URL('../../../../shared/vectors/http1/cases.json', import.meta.url);

const part = z.union([
  z.strictObject({ b64: z.string() }),
  z.strictObject({ rle: z.array(z.tuple([z.string(), z.number()])) }),
]);

const verdicts = z.enum(['pass', 'warn', 'fail', 'error']);

const expectation = z.discriminatedUnion('class', [
  z.object({
    class: z.enum(['accept', 'reject', 'either', 'safe', 'wait', 'parse-ok']),
    pass: z.array(z.string()),
    warn: z.array(z.string()),
  }),
  z.object({ class: z.literal('sequence'), outcomes: z.record(z.string(), verdicts) }),
]);

const vector = z.object({
  id: z.string(),
  level: z.string(),
  scored: z.boolean().nullable(),
  description: z.string(),
  rfc: z.string().nullable(),
  steps: z.array(z.object({ parts: z.array(part) })).min(1),
  expect: expectation,
  invariants: z
    .strictObject({ origin_max_requests: z.number().optional(), origin_clean: z.boolean().optional() })
    .optional(),
});

const file = z.object({ format: z.literal(1), cases: z.array(vector).min(1) });

/** One raw exchange and what is expected of a proxy that gets it; the README beside the vectors has the format. */
export type Vector = z.output<typeof vector>;

/** All cases; undefined when the vectors are not there. */
export function loadVectors(): readonly Vector[] | undefined {
  if (!existsSync(vectorsFile)) return undefined;
  const text: unknown = JSON.parse(readFileSync(vectorsFile, 'utf8'));
  return file.parse(text).cases;
}

/** The bytes of each step of a case. */
export function bytesOfSteps(wanted: Vector): readonly Buffer[] {
  return wanted.steps.map(({ parts }) => Buffer.concat(parts.flatMap((piece) => decode(piece))));
}

function decode(piece: z.output<typeof part>): Buffer[] {
  if ('b64' in piece) return [Buffer.from(piece.b64, 'base64')];
  return piece.rle.flatMap(([b64, times]) => Array<Buffer>(times).fill(Buffer.from(b64, 'base64')));
}

import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { digestMistake } from './digest.ts';
import { LATEST_EXPIRY } from './key-table.ts';

/** Names of consumers and groups go into headers and logs: printable ASCII, no space at either end. */
const printable = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/;

/** `2027-01-31`, or with a time and its zone. */
const instant = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d))?$/;

/** Whether a text can be the name of a consumer or a group. */
export function isConsumerText(text: string): boolean {
  return printable.test(text);
}

/** The name of a consumer or a group. */
export function consumerText(): z.ZodString {
  return z.string().regex(printable, {
    error: () =>
      withRemedy(
        'this is not a name that can be sent in a header',
        'write 1 to 256 letters, digits and signs of ASCII, without spaces at either end',
      ),
  });
}

const digest = z.string().superRefine((text, context) => {
  const mistake = digestMistake(text);
  if (mistake !== undefined)
    context.addIssue({ code: 'custom', message: withRemedy(mistake.found, mistake.remedy) });
});

/** An instant; the parsed value is in seconds since the epoch. A day alone is its first second, UTC. */
export function expiry(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .refine((text) => secondsOf(text) !== undefined, {
      error: () =>
        withRemedy(
          'this is not a day or an instant up to the year 2105',
          'write 2027-01-31, or 2027-01-31T12:00:00Z',
        ),
    })
    .transform((text) => secondsOf(text) ?? 0);
}

/** What tells people which of several keys one is. */
export function keyLabel(): z.ZodString {
  return z.string().max(200, {
    error: () => withRemedy('this is longer than 200 characters', 'write a few words'),
  });
}

const key = z.strictObject({
  digest: digest.describe(
    'The SHA-256 digest of the key, as `sha256:` and 64 hexadecimal digits. Has no default: keys are never kept in clear text.',
  ),
  expires: expiry()
    .optional()
    .describe(
      'From when on this key is refused, as `2027-01-31` (from 0:00 UTC on) or `2027-01-31T12:00:00Z`. Without it: as the consumer says.',
    ),
  label: z.string().max(200).optional().describe('What tells people which key this is. Without it: nothing.'),
});

/** A consumer with its keys, as one writes it. */
export const consumerOptions = z.strictObject({
  name: consumerText().describe(
    'Who it is: `consumer.id`, in logs and for services. Has no default: it is what a key stands for.',
  ),
  groups: z
    .array(consumerText())
    .max(100)
    .default([])
    .describe('The groups that it belongs to. Without it: none.'),
  expires: expiry().optional().describe('From when on none of its keys is taken. Without it: never.'),
  keys: z
    .array(z.union([digest, key]))
    .max(100)
    .describe(
      'The digests of its keys, each as `sha256:…` or with `digest`, `expires` and `label`; several while one takes the place of another. Has no default: a consumer without keys writes `[]`.',
    ),
});

/** A consumer as it was read. */
export type ConsumerEntry = z.output<typeof consumerOptions>;

/** Seconds since the epoch, or undefined when the text is no instant that is kept. */
function secondsOf(text: string): number | undefined {
  const milliseconds = instant.test(text) ? Date.parse(text) : NaN;
  // 30 February is refused rather than taken for 2 March.
  if (!(milliseconds > 0) || !isDay(text.slice(0, 10))) return undefined;
  const seconds = Math.floor(milliseconds / 1000);
  return seconds > LATEST_EXPIRY ? undefined : Math.max(1, seconds);
}

function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { hasControls } from './credentials.ts';
import { readPasswordDigest } from './password-digest.ts';

/** The name of a user. */
export function userName(): z.ZodString {
  return z.string().refine(isName, {
    error: () =>
      withRemedy(
        'this is not a name that a user can have',
        'write 1 to 256 characters, no colon or control among them, and no blank at either end',
      ),
  });
}

/** The name of a group or a scope. */
export function groupName(): z.ZodString {
  return z
    .string()
    .refine((text) => text.trim() === text && text !== '' && text.length <= 256 && !hasControls(text), {
      error: () =>
        withRemedy(
          'this is not a name that can be sent in a header',
          'write 1 to 256 characters, no control among them, and no blank at either end',
        ),
    });
}

const digest = z.string().superRefine((text, context) => {
  const read = readPasswordDigest(text);
  if ('found' in read) context.addIssue({ code: 'custom', message: withRemedy(read.found, read.remedy) });
});

const user = z.strictObject({
  name: userName().describe(
    'Who it is: the name that is asked for, and `consumer.id`. Has no default: it is what a password belongs to.',
  ),
  digest: digest.describe(
    'The digest of the password, of scrypt (`$scrypt$ln=…`) or bcrypt (`$2b$…`). Has no default: passwords are never kept in clear text.',
  ),
  groups: z
    .array(groupName())
    .max(100)
    .default([])
    .describe('The groups that it belongs to. Without it: none.'),
  scopes: z
    .array(groupName())
    .max(100)
    .default([])
    .describe('What it may do, as words of a scope. Without it: none.'),
});

/** A user as it was read. */
export type User = z.output<typeof user>;

/** The options of the policy `basic-auth`. */
export const options = z.strictObject({
  users: z
    .array(user)
    .min(1)
    .max(10_000)
    .superRefine(reportNamesakes)
    .describe(
      'Who may pass, each with `name`, `digest` and by choice `groups` and `scopes`. Has no default: without users nobody could.',
    ),
  realm: z
    .string()
    .max(200)
    .regex(/^[\x20-\x7e]*$/, {
      error: () =>
        withRemedy(
          'this is not a realm that a challenge can name',
          'write letters, digits and signs of ASCII',
        ),
    })
    .default('waygate')
    .describe('What browsers say that the password is for. Without it: waygate.'),
  forward: z
    .boolean()
    .default(false)
    .describe('Whether the service sees the header with the password. Without it: no.'),
  remember: z
    .int()
    .min(0)
    .max(100_000)
    .default(10_000)
    .describe(
      'How many good passwords are remembered, for five minutes, so that they need not be verified again; 0 for none. Without it: 10000.',
    ),
});

/** The options of the policy, defaults filled in. */
export type BasicAuthOptions = z.output<typeof options>;

function isName(text: string): boolean {
  return (
    text !== '' && text.length <= 256 && text.trim() === text && !text.includes(':') && !hasControls(text)
  );
}

function reportNamesakes(users: readonly User[], context: z.RefinementCtx): void {
  const seen = new Map<string, number>();
  for (const [index, { name }] of users.entries()) {
    const key = name.normalize('NFC');
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: withRemedy(`user ${first + 1} of the list has this name too`, 'give each a name of its own'),
      });
  }
}

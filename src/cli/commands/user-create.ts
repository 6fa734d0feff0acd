import type { z } from 'zod';
import { type Random, systemRandom } from '../../core/random.ts';
import { splitRemedy } from '../../core/remedy.ts';
import { hasControls, MAX_OCTETS } from '../../policies/basic-auth/credentials.ts';
import { newDigest } from '../../policies/basic-auth/new-digest.ts';
import { groupName, userName } from '../../policies/basic-auth/options.ts';
import { exitCodes, Failure } from '../failure.ts';
import { readPassword, type PasswordInput } from '../read-password.ts';
import type { Terminal } from '../terminal.ts';

/** What `waygate user create` was asked for. */
export interface UserRequest {
  readonly name: string;
  readonly group?: readonly string[];
  readonly scope?: readonly string[];
  readonly json?: boolean;
}

/** The fewest characters of a password that is chosen by somebody (NIST SP 800-63B). */
const SHORTEST = 8;

/**
 * Reads a password, and prints an entry for the configuration that has its digest.
 * @throws Failure when the name, a group or the password cannot be used.
 */
export async function createUser(
  terminal: Terminal,
  input: PasswordInput,
  request: UserRequest,
  random: Random = systemRandom,
): Promise<void> {
  const { group = [], scope = [] } = request;
  const name = request.name.normalize('NFC');
  check('name', name, userName());
  for (const each of group) check('group', each, groupName());
  for (const each of scope) check('scope', each, groupName());
  const password = await readPassword(input, name, terminal.err);
  checkPassword(name, password);
  const entry = {
    name,
    digest: await newDigest(password, random),
    ...(group.length > 0 && { groups: [...new Set(group)] }),
    ...(scope.length > 0 && { scopes: [...new Set(scope)] }),
  };
  if (request.json === true) terminal.out(`${JSON.stringify({ entry }, null, 2)}\n`);
  else terminal.out(instructions(terminal, entry));
}

/** @throws Failure when the gateway would not take it, or anybody could guess it. */
function checkPassword(name: string, password: string): void {
  if (password.length < SHORTEST)
    throw new Failure(
      `The password has fewer than ${SHORTEST} characters.`,
      'Choose a longer one, such as some words.',
      exitCodes.usage,
    );
  if (Buffer.byteLength(`${name}:${password}`) > MAX_OCTETS)
    throw new Failure(
      `Name and password have more than ${MAX_OCTETS} octets together.`,
      'Choose a shorter one.',
      exitCodes.usage,
    );
  if (hasControls(password))
    throw new Failure(
      'The password has control characters, which no client can send.',
      'Write letters, digits and signs.',
      exitCodes.usage,
    );
}

function check(what: string, value: string, schema: z.ZodType): void {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return;
  const { found, remedy = 'see docs/policies/basic-auth.md' } = splitRemedy(issue.message);
  throw new Failure(
    `The ${what} ${JSON.stringify(value.slice(0, 60))} cannot be used: ${found}.`,
    `${remedy.slice(0, 1).toUpperCase()}${remedy.slice(1)}.`,
    exitCodes.usage,
  );
}

interface Entry {
  readonly name: string;
  readonly digest: string;
  readonly groups?: readonly string[];
  readonly scopes?: readonly string[];
}

function instructions({ paint }: Terminal, { name, digest, groups, scopes }: Entry): string {
  const list = (words: readonly string[]): string => `[${words.map(quoted).join(', ')}]`;
  const lines = [
    `- name: ${quoted(name)}`,
    `  digest: ${quoted(digest)}`,
    ...(groups === undefined ? [] : [`  groups: ${list(groups)}`]),
    ...(scopes === undefined ? [] : [`  scopes: ${list(scopes)}`]),
  ];
  return [
    `${paint('green', '✓')} A digest of the password of ${name}. The password itself is kept nowhere.`,
    '',
    'Add this entry under "users" of the policy basic-auth. The gateway takes it in by itself.',
    `If ${name} is there already, replace its digest.`,
    '',
    ...lines.map((line) => `   ${paint('bold', line)}`),
    '',
    `   ${paint('dim', `curl -u ${/^[\w.-]+$/.test(name) ? name : 'NAME'} http://localhost:3000/`)}`,
    '',
  ].join('\n');
}

/** JSON's quoted texts are YAML's too; a variable is not meant to be one. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('${', '$$${');
}

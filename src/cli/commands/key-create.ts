import type { z } from 'zod';
import { type Clock, systemClock } from '../../core/clock.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import { splitRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { consumerText, expiry, keyLabel } from '../../policies/api-key/consumer-options.ts';
import { writtenDigest } from '../../policies/api-key/digest.ts';
import { newKey } from '../../policies/api-key/new-key.ts';
import { exitCodes, Failure } from '../failure.ts';
import { redisCommand } from './key-in-redis.ts';
import type { Terminal } from '../terminal.ts';

/** What `waygate key create` was asked for. */
export interface KeyRequest {
  readonly name: string;
  readonly group?: readonly string[];
  /** A duration from now, or an instant as the configuration has it. */
  readonly expires?: string;
  readonly label?: string;
  readonly json?: boolean;
  /** What stands before `apikey:` in Redis; undefined for an entry of a configuration. */
  readonly redisPrefix?: string;
}

/** An entry of `consumers`. */
interface Entry {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly keys: readonly [{ readonly digest: string; readonly expires?: string; readonly label?: string }];
}

/** Where an entry stands, for those who have no such policy yet. */
const around = ['policies:', '  - api-key:', '      consumers:'];

/**
 * Makes a key, and prints it with the entry for the configuration and what to do with both.
 * @throws Failure when the name, a group or the expiry cannot stand in a configuration.
 */
export function createKey(
  terminal: Terminal,
  request: KeyRequest,
  { clock, random }: { readonly clock: Clock; readonly random: Random } = {
    clock: systemClock,
    random: systemRandom,
  },
): void {
  const { name, group = [], label } = request;
  const expires = request.expires === undefined ? undefined : expiryOf(request.expires, clock.now());
  const key = newKey(random);
  const entry: Entry = {
    name,
    ...(group.length === 0 ? {} : { groups: [...new Set(group)] }),
    keys: [
      {
        digest: writtenDigest(key),
        ...(expires === undefined ? {} : { expires }),
        ...(label === undefined ? {} : { label }),
      },
    ],
  };
  checkEntry(entry);
  if (request.json === true) terminal.out(`${JSON.stringify({ key, entry }, null, 2)}\n`);
  else if (request.redisPrefix === undefined) terminal.out(instructions(terminal, key, entry));
  else terminal.out(redisInstructions(terminal, key, entry, request.redisPrefix));
}

/** @throws Failure when it is neither a duration nor an instant to come. */
function expiryOf(text: string, now: number): string {
  const span = duration({ max: '3650d' }).safeParse(text);
  if (span.success) return `${new Date(now + span.data).toISOString().slice(0, 19)}Z`;
  const instant = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (instant > now) return text;
  throw new Failure(
    Number.isNaN(instant)
      ? `${JSON.stringify(text)} does not say when the key expires.`
      : `${text} is over: the key would never be taken.`,
    'Write a duration from now, such as 90d, or a day to come, such as 2027-01-31.',
    exitCodes.usage,
  );
}

/** @throws Failure when the gateway would refuse the entry. */
function checkEntry({ name, groups = [], keys: [{ expires, label }] }: Entry): void {
  check('name', name, consumerText());
  for (const group of groups) check('group', group, consumerText());
  if (expires !== undefined) check('expiry', expires, expiry());
  if (label !== undefined) check('label', label, keyLabel());
}

function check(what: string, value: string, schema: z.ZodType): void {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return;
  const { found, remedy = 'see docs/policies/api-key.md' } = splitRemedy(issue.message);
  throw new Failure(
    `The ${what} ${JSON.stringify(value.slice(0, 60))} cannot be used: ${found}.`,
    `${remedy.slice(0, 1).toUpperCase()}${remedy.slice(1)}.`,
    exitCodes.usage,
  );
}

function instructions({ paint }: Terminal, key: string, entry: Entry): string {
  const [{ digest, expires, label }] = entry.keys;
  const whole = expires === undefined && label === undefined;
  const keyLines = whole
    ? [`- ${digest}`]
    : [
        `- digest: ${digest}`,
        ...(expires === undefined ? [] : [`  expires: ${expires}`]),
        ...(label === undefined ? [] : [`  label: ${scalar(label)}`]),
      ];
  const lines = [
    `- name: ${scalar(entry.name)}`,
    ...(entry.groups === undefined ? [] : [`  groups: [${entry.groups.map(scalar).join(', ')}]`]),
    '  keys:',
    ...keyLines.map((line) => `    ${line}`),
  ];
  return [
    `${paint('green', '✓')} A new key for ${entry.name}. It is shown this once and kept nowhere:`,
    '',
    `  ${paint('bold', key)}`,
    '',
    'Next:',
    '',
    '1. Add this entry under "consumers" of the policy api-key, which is one of a route, or of all. The gateway',
    `   takes it in by itself. If ${entry.name} is there already, add only what stands below "keys".`,
    '',
    ...around.map((line) => `   ${paint('dim', line)}`),
    ...lines.map((line) => `           ${paint('bold', line)}`),
    '',
    `2. Hand the key to ${entry.name} in a way that nobody else can read.`,
    '3. Whoever has it sends it as a header with every request:',
    '',
    `   ${paint('dim', `curl -H 'x-api-key: <the key>' http://localhost:3000/`)}`,
    '',
    ...(expires === undefined
      ? ['The key works until its entry is taken out.']
      : [`The key works until ${expires}, or until its entry is taken out.`]),
    '',
  ].join('\n');
}

function redisInstructions(
  { paint }: Terminal,
  key: string,
  { name, groups, keys }: Entry,
  prefix: string,
): string {
  const [{ digest, expires, label }] = keys;
  return [
    `${paint('green', '✓')} A new key for ${name}. It is shown this once and kept nowhere:`,
    '',
    `  ${paint('bold', key)}`,
    '',
    'Next:',
    '',
    '1. Add its digest to the Redis of the configuration, with -u and where that is:',
    '',
    `   ${paint('bold', redisCommand(prefix, { digest, name, groups, expires, label }))}`,
    '',
    `2. Hand the key to ${name} in a way that nobody else can read.`,
    '3. Whoever has it sends it as a header with every request:',
    '',
    `   ${paint('dim', `curl -H 'x-api-key: <the key>' http://localhost:3000/`)}`,
    '',
    `To take it back: redis-cli DEL with the same name. It works for up to 10 s more, or what "remember" says.`,
    '',
  ].join('\n');
}

/** A text as a YAML value; in quotes unless it is clearly nothing but text. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9_.-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text);
  // JSON's quoted texts are YAML's too; a variable is not meant to be one.
  return plain ? text : JSON.stringify(text).replaceAll('${', '$$${');
}

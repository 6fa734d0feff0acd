import { text } from 'node:stream/consumers';
import type { Config } from '../config/schema.ts';
import { exitCodes, Failure } from './failure.ts';

/** Credentials that a request is asked about with; `-` is what standard input has. */
export interface GivenCredentials {
  readonly token?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** What the credentials are called on the command line. */
const names = { token: '--token', apiKey: '--api-key' } as const;

/**
 * Reads credentials that are `-` from standard input, so that they are in no history and no list of processes.
 * @throws Failure when there is none, more than one, or something that no header can hold.
 */
export async function readCredentials(
  given: GivenCredentials,
  input: AsyncIterable<Uint8Array | string>,
): Promise<GivenCredentials> {
  if (given.token === '-' && given.apiKey === '-')
    throw usage('Standard input has one credential, not two.', 'Write one of them out, or ask twice.');
  return {
    token: await readOne(names.token, given.token, input),
    apiKey: await readOne(names.apiKey, given.apiKey, input),
  };
}

/**
 * The header lines that bring the credentials.
 * @param headers the other lines of the request.
 * @throws Failure when a header is there already, or it is not clear which one takes the key.
 */
export function credentialHeaders(
  { token, apiKey }: GivenCredentials,
  config: Config,
  headers: readonly string[],
): readonly string[] {
  const lines: string[] = [];
  if (token !== undefined) lines.push(`Authorization: Bearer ${token.replace(/^bearer +/i, '')}`);
  if (apiKey !== undefined) lines.push(`${keyHeader(config)}: ${apiKey}`);
  for (const line of lines) {
    const name = nameOf(line);
    if (headers.some((other) => nameOf(other) === name))
      throw usage(`There are two ${name} headers.`, 'Leave one of them out.');
  }
  return lines;
}

async function readOne(
  name: string,
  value: string | undefined,
  input: AsyncIterable<Uint8Array | string>,
): Promise<string | undefined> {
  if (value === undefined) return undefined;
  const found = value === '-' ? await text(input) : value;
  const trimmed = found.trim();
  if (trimmed === '')
    throw usage(
      value === '-' ? `There is nothing on standard input for ${name}.` : `${name} is empty.`,
      `Pipe it in, for example: waygate explain GET / ${name} - < file`,
    );
  // Never shown, not even in part: it may be almost right.
  if (!/^[\x20-\x7e]+$/.test(trimmed))
    throw usage(`What ${name} has is no single line of plain characters.`, 'Check where it comes from.');
  return trimmed;
}

/** The header that the configuration reads API keys from. */
function keyHeader(config: Config): string {
  const uses = [...config.policies, ...config.routes.flatMap(({ policies }) => policies)];
  const [first, second] = new Set(uses.flatMap(headersIn));
  if (first === undefined)
    throw usage(
      'No policy of this configuration takes API keys.',
      'Say what the service takes with --header.',
    );
  if (second !== undefined)
    throw usage(
      `API keys come in different headers here: ${first} and ${second}.`,
      `Say which: --header '${first}: …'`,
    );
  return first;
}

/** The headers of every `api-key` in some options, which may stand inside another policy's. */
function headersIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { name, options } = Object.fromEntries<unknown>(Object.entries(value));
  if (name === 'api-key' && typeof options === 'object' && options !== null && 'header' in options)
    return typeof options.header === 'string' ? [options.header.toLowerCase()] : [];
  return Object.values<unknown>({ ...value }).flatMap(headersIn);
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

function usage(message: string, remedy: string): Failure {
  return new Failure(message, remedy, exitCodes.usage);
}

import { exitCodes, Failure } from './failure.ts';

/** The octets of input that are read at most; no password is as long. */
const MOST = 4096;

/** As much of standard input as a password is read from. */
export interface PasswordInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'error', listener: () => void): unknown;
  removeAllListeners(): unknown;
  resume(): unknown;
  pause(): unknown;
}

/**
 * Reads a password: on a terminal after a question, twice and without showing it; elsewhere all of the input, without the line
 * end behind it.
 * @param ask shows a question, and the line end that the terminal does not show.
 * @throws Failure when the two are not the same, when it is given up, or not UTF-8.
 */
export async function readPassword(
  input: PasswordInput,
  name: string,
  ask: (text: string) => void,
): Promise<string> {
  if (input.isTTY !== true) return decode(withoutLineEnd(await readAll(input)));
  const first = await readHidden(input, `Password of ${name}: `, ask);
  const second = await readHidden(input, 'The same once more: ', ask);
  if (first !== second) throw new Failure('These are two passwords.', 'Try again.', exitCodes.usage);
  return first;
}

function readAll(input: PasswordInput): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    input.on('data', (chunk) => {
      length += chunk.length;
      if (length <= MOST) chunks.push(chunk);
    });
    input.on('end', () => {
      if (length > MOST) reject(tooLong());
      else resolve(Buffer.concat(chunks));
    });
    input.on('error', () => reject(new Failure('Standard input cannot be read.')));
    input.resume();
  });
}

/** One line from a terminal that shows nothing of it. */
async function readHidden(
  input: PasswordInput,
  question: string,
  ask: (text: string) => void,
): Promise<string> {
  ask(question);
  input.setRawMode?.(true);
  try {
    return decode(await readLine(input));
  } finally {
    input.setRawMode?.(false);
    input.removeAllListeners();
    input.pause();
    ask('\n');
  }
}

function readLine(input: PasswordInput): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let octets: number[] = [];
    const take = (octet: number): boolean => {
      if (octet === 0x0d || octet === 0x0a) resolve(Buffer.from(octets));
      // Ctrl-C, and Ctrl-D on an empty line.
      else if (octet === 0x03 || (octet === 0x04 && octets.length === 0))
        reject(new Failure('Given up.', undefined, exitCodes.interrupted));
      // Backspace takes a whole character, Ctrl-U the line.
      else if (octet === 0x7f || octet === 0x08) octets = withoutLast(octets);
      else if (octet === 0x15) octets = [];
      else if (octets.length >= MOST) reject(tooLong());
      else {
        octets.push(octet);
        return false;
      }
      return octet === 0x0d || octet === 0x0a;
    };
    input.on('data', (chunk) => void chunk.some(take));
    input.on('end', () => reject(new Failure('Given up.', undefined, exitCodes.interrupted)));
    input.resume();
  });
}

/** UTF-8: the last character begins behind the last octet that continues none. */
function withoutLast(octets: readonly number[]): number[] {
  const start = octets.findLastIndex((octet) => (octet & 0xc0) !== 0x80);
  return octets.slice(0, Math.max(0, start));
}

function withoutLineEnd(octets: Buffer): Buffer {
  if (octets.at(-1) !== 0x0a) return octets;
  return octets.subarray(0, octets.at(-2) === 0x0d ? -2 : -1);
}

function decode(octets: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets).normalize('NFC');
  } catch {
    throw new Failure('The password is not UTF-8.', 'Write it in UTF-8.', exitCodes.usage);
  }
}

function tooLong(): Failure {
  return new Failure('The password is too long.', 'Write one of at most 1000 octets.', exitCodes.usage);
}

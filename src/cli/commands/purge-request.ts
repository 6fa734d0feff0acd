import { exitCodes, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

/** What `waygate purge` was asked for. */
export interface PurgeOptions {
  readonly url?: string;
  readonly prefix?: string;
  readonly tag?: string;
  readonly route?: string;
  readonly all?: true;
  readonly admin: string;
  readonly token?: string;
  readonly json?: true;
}

/** Milliseconds to wait for the gateway. */
const PATIENCE = 15_000;

/**
 * Asks a running gateway to drop answers, and says which gateways have.
 * @throws Failure when it is not clear what is meant, or the gateway did not do it, or not everywhere.
 */
export async function purge(terminal: Terminal, options: PurgeOptions): Promise<void> {
  const body = bodyOf(options);
  const { status, answer } = await ask(endpoint(options.admin), JSON.stringify(body), options);
  if (options.json === true) terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
  if (status !== 200) throw refused(status, textIn(answer, 'error'));
  if (options.json !== true) {
    const reached = textIn(answer, 'reached') ?? 'this gateway';
    terminal.out(`${terminal.paint('green', '✓')} Purged, in ${reached}.\n`);
  }
}

/** @throws Failure unless one thing is named. */
function bodyOf({ url, prefix, tag, route, all }: PurgeOptions): Readonly<Record<string, unknown>> {
  const named = Object.entries({ url, prefix, tag, route, all }).filter(([, value]) => value !== undefined);
  const remedy = 'Name one of --url, --prefix, --tag, --route and --all.';
  if (named.length === 0) throw new Failure('It is not said what to purge.', remedy, exitCodes.usage);
  if (named.length > 1) {
    const options = named.map(([name]) => `--${name}`).join(' and ');
    throw new Failure(`${options} cannot stand together.`, remedy, exitCodes.usage);
  }
  return Object.fromEntries(named);
}

/** @throws Failure when it is no URL of a listener. */
function endpoint(admin: string): URL {
  const url = URL.canParse(admin) ? new URL('/cache/purge', admin) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return url;
  throw new Failure(
    `${JSON.stringify(admin)} is not where an admin listener is.`,
    'Write a URL such as http://127.0.0.1:9901.',
    exitCodes.usage,
  );
}

/** @throws Failure when nobody answers. */
async function ask(
  url: URL,
  body: string,
  { token }: PurgeOptions,
): Promise<{ readonly status: number; readonly answer: unknown }> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  // A header is octets; the gateway compares those of UTF-8.
  if (token !== undefined)
    headers['authorization'] = `Bearer ${Buffer.from(token, 'utf8').toString('latin1')}`;
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    return { status: response.status, answer: plainJson(await response.text()) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(
      `${url.origin} does not answer: ${why}.`,
      'Is the gateway running, and is this the address of `admin` in its configuration? Else name it with --admin.',
    );
  }
}

function plainJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textIn(answer: unknown, name: string): string | undefined {
  const value: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function refused(status: number, error: string | undefined): Failure {
  if (status === 401)
    return new Failure(
      error ?? 'The admin token is needed.',
      'Set WAYGATE_ADMIN_TOKEN, or write --token with the token of `admin` in the configuration.',
    );
  return new Failure(
    error ?? `It answers with ${status}, and not as an admin listener does.`,
    error === undefined ? 'Name the address of `admin` in the configuration with --admin.' : undefined,
  );
}

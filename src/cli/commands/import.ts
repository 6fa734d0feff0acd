import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Imported } from '../../import/finish-import.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

interface ImportOptions {
  readonly output?: string;
  readonly force?: true;
  readonly json?: true;
}

/** Reads a source, of which the file is named as on the command line. */
type Read = (file: string) => Promise<Imported>;

/** Adds `import` and the commands below it. */
export function addImport(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const group = program
    .command('import')
    .summary('make a configuration of what is there already')
    .description('Makes a configuration of an Express app, of Express Gateway or of nginx, and a report.')
    .helpCommand(false);
  const add = (name: string, argument: readonly [string, string], summary: string, about: string): Command =>
    group
      .command(name)
      .argument(...argument)
      .option('-o, --output <file>', 'write the configuration to this file, not to standard output')
      .option('-f, --force', 'replace a file that is there')
      .option('--json', 'print configuration and report as JSON')
      .summary(summary)
      .description(`${about} The report says what was translated, approximated and left out.`);
  add(
    'express',
    ['<program>', 'the file that the app is started with, such as app.js'],
    'from the createProxyMiddleware calls of an Express app',
    'Makes a configuration of an Express app with http-proxy-middleware or express-http-proxy. ' +
      'THE PROGRAM IS RUN up to its listen, in a process of its own: it connects to what it connects to before that ' +
      '(databases, say), but listens nowhere and asks no target.',
  )
    .option('--wait <duration>', 'how long the program may take to get to its listen', '20s')
    .action(async (file: string, { wait, ...options }: ImportOptions & { readonly wait: string }) => {
      const { readExpressApp } = await import('../../import/express/read-express-app.ts');
      const read = (): Promise<Imported> => readExpressApp(file, waitOf(wait), process.cwd(), process.env);
      exit(await runImport(terminal, file, read, options));
    });
  add(
    'express-gateway',
    ['<file>', 'its gateway.config.yml; the system.config.yml beside it is read as well'],
    'from gateway.config.yml of Express Gateway',
    'Makes a configuration of that of Express Gateway.',
  ).action(async (file: string, options: ImportOptions) => {
    const { readExpressGateway } = await import('../../import/express-gateway/read-express-gateway.ts');
    exit(await runImport(terminal, file, (name) => readExpressGateway(name, process.env), options));
  });
  add(
    'nginx',
    ['<file>', 'the nginx.conf, or a file with servers'],
    'from the proxy_pass locations of nginx',
    'Makes a configuration of the servers and locations of nginx that pass requests on.',
  ).action(async (file: string, options: ImportOptions) => {
    const { readNginx } = await import('../../import/nginx/read-nginx.ts');
    exit(await runImport(terminal, file, readNginx, options));
  });
}

async function runImport(
  terminal: Terminal,
  file: string,
  read: Read,
  options: ImportOptions,
): Promise<number> {
  const { output, force } = options;
  if (output !== undefined && force !== true && existsSync(output)) throw alreadyThere(output);
  const folder = output === undefined ? process.cwd() : dirname(resolve(output));
  const [{ finishImport }, { ImportFailure }, { reportText }, { schemaPath }] = await Promise.all([
    import('../../import/finish-import.ts'),
    import('../../import/import-failure.ts'),
    import('../../import/report-text.ts'),
    import('../schema-path.ts'),
  ]);
  if (!existsSync(folder)) throw new Failure(`There is no folder ${folder} to write into.`, 'Make it first.');
  let imported;
  try {
    imported = await read(file);
  } catch (error) {
    if (error instanceof ImportFailure) throw new Failure(error.message, error.remedy);
    throw error;
  }
  const { text, report } = await finishImport(imported, folder, schemaPath(folder), process.env);
  const found = imported.draft.routes.length > 0;
  if (found && output !== undefined) write(output, text, force === true);
  if (options.json) {
    const { translated, approximated, leftOut, secrets } = report;
    const configuration = found ? text : null;
    terminal.out(
      `${JSON.stringify({ source: file, configuration, translated, approximated, leftOut, secrets }, null, 2)}\n`,
    );
  } else {
    if (found && output === undefined) terminal.out(text);
    terminal.err(`${reportText(report, process.cwd(), terminal.errPaint)}\n`);
  }
  if (!found)
    throw new Failure(
      `Nothing in ${file} could be made a route of.`,
      'See above what was left out, and why.',
    );
  if (output !== undefined) {
    terminal.err(
      `${terminal.errPaint('green', '✓')} ${output} is written. Next: waygate check ${basename(output) === output ? output : resolve(output)}\n`,
    );
  }
  return exitCodes.ok;
}

function write(file: string, text: string, force: boolean): void {
  try {
    // 'wx' fails when there is a file: nothing can come between looking and writing.
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw alreadyThere(file);
    throw new Failure(`${file} cannot be written: ${message}.`);
  }
}

function alreadyThere(file: string): Failure {
  return new Failure(`There is a ${file} already; it stays as it is.`, 'To replace it: --force');
}

/** @throws Failure when it is no duration. */
function waitOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (unit === 'm' ? 60_000 : unit === 's' ? 1000 : 1);
  if (milliseconds >= 1 && milliseconds <= 600_000) return milliseconds;
  throw new Failure(
    `"${text}" is no time to wait.`,
    'Write one from 1ms to 10m, such as 30s.',
    exitCodes.usage,
  );
}

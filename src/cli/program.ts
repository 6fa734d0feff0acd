import { type Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../gateway/version.ts';
import { addImport } from './commands/import.ts';
import { addKey } from './commands/key.ts';
import { addPurge } from './commands/purge.ts';
import { addTest } from './commands/test.ts';
import { addUser } from './commands/user.ts';
import { exitCodes } from './failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * Reads the arguments and runs the command that they ask for. Each command is loaded when it is asked for: help must not
 * wait for an engine.
 * @returns the exit code.
 * @throws Failure when the command fails.
 */
export async function runProgram(terminal: Terminal, args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what is wrong; 0 is `--help` and `--version`.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}

function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command('waygate')
    .description('An API gateway for Node services.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Try: waygate --help')
    .showSuggestionAfterError()
    .configureHelp({
      styleTitle: (title) => terminal.paint('bold', title),
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHasColors: () => terminal.color.out,
      getErrHasColors: () => terminal.color.err,
      outputError: (text, write) => {
        write(text.replace(/^error: /, `${terminal.errPaint('red', '✗')} `));
      },
    })
    .addHelpText('after', () => programExamples(terminal));
  addInit(program, terminal);
  addCheck(program, terminal, exit);
  addExplain(program, terminal, exit);
  addTest(program, terminal, exit);
  addStart(program, terminal, exit);
  addSchema(program, terminal, exit);
  addImport(program, terminal, exit);
  addPurge(program, terminal);
  addKey(program, terminal);
  addUser(program, terminal);
  for (const command of program.commands) hintAt(command, 'waygate');
  return program;
}

/** Whoever has called a command wrongly is shown the help of that command. */
function hintAt(command: Command, parent: string): void {
  const path = `${parent} ${command.name()}`;
  command.showHelpAfterError(`Try: ${path} --help`);
  for (const child of command.commands) hintAt(child, path);
}

const fileArgument =
  'the configuration; without it, the waygate.config.ts, waygate.yaml, .yml or .json that is here';

function addStart(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('start')
    .argument('[file]', fileArgument)
    .summary('start the gateway')
    .description('Starts the gateway. It reloads when the file changes, and on SIGHUP.')
    .addHelpText(
      'after',
      `
SIGTERM and SIGINT (Ctrl-C) let what is under way finish, then exit with 0;
a second one exits at once. The access log goes to standard output, everything
else to standard error.
`,
    )
    .action(async (file: string | undefined) => {
      const { start } = await import('./commands/start.ts');
      exit(await start(terminal, file));
    });
}

function addCheck(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('check')
    .argument('[file]', fileArgument)
    .option('--json', 'print the result as JSON')
    .summary('list every mistake in the configuration')
    .description('Lists every mistake in the configuration, and exits with 1 when there is one.')
    .action(async (file: string | undefined, options: { json?: true }) => {
      const { check } = await import('./commands/check.ts');
      exit(await check(terminal, file, options));
    });
}

function addExplain(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('explain')
    .argument('<method>', 'the method of the request, such as GET')
    .argument('<target>', 'the path of the request with its query, or a whole URL')
    .option(
      '-H, --header <line>',
      'a header of the request, such as "Host: api.example.com"; may be repeated',
      gatherHeader,
    )
    .option('--token <jwt>', 'a token to send as "Authorization: Bearer"; - reads it from standard input')
    .option('--api-key <key>', 'an API key to send; - reads it from standard input')
    .option('-c, --config <file>', fileArgument)
    .option('--client <ip>', 'the address that the request comes from', '127.0.0.1')
    .option('--json', 'print the result as JSON')
    .summary('say what would happen to a request')
    .description(
      'Says which route a request takes and why each other one loses, which policies run and in which order, and what ' +
        'exactly the service receives. Nothing is sent to it; keys that a token is verified with may be fetched.',
    )
    .addHelpText(
      'after',
      `
Examples:
  waygate explain GET /users/1
  waygate explain POST '/orders?draft=1' -H 'Host: api.example.com'
  waygate explain GET https://api.example.com/users/1 --json
  waygate explain GET /orders --token - < token.txt
`,
    )
    .action(async (method: string, target: string, options: ExplainOptions) => {
      const { explain } = await import('./commands/explain.ts');
      exit(await explain(terminal, { method, target, ...options }));
    });
}

interface ExplainOptions {
  readonly header?: readonly string[];
  readonly token?: string;
  readonly apiKey?: string;
  readonly config?: string;
  readonly client: string;
  readonly json?: true;
}

function addInit(program: Command, terminal: Terminal): void {
  const init = program
    .command('init')
    .addOption(new Option('-f, --force', 'replace a file that is there'))
    .summary('write a commented waygate.yaml to begin with')
    .description('Writes a commented waygate.yaml into this folder.')
    .helpCommand(false)
    .action(async (options: { force?: true }) => {
      const commands = await import('./commands/init.ts');
      commands.init(terminal, process.cwd(), options);
    });
  init
    .command('policy')
    .argument('<name>', 'lower-case words joined by "-", such as tenant-guard')
    .addOption(new Option('-f, --force', 'replace files that are there'))
    .summary('write a policy of your own, and its test')
    .description(
      'Writes a policy to begin with and its test into the folder policies, and says what the configuration needs for it.',
    )
    .action(async (name: string, _options: unknown, command: Command) => {
      const { initPolicy } = await import('./commands/init-policy.ts');
      // The command above knows --force too, and takes it wherever it stands.
      initPolicy(terminal, process.cwd(), name, command.optsWithGlobals<{ force?: true }>());
    });
}

function addSchema(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('schema')
    .summary('print the JSON Schema of the configuration')
    .option('-c, --config <file>', 'a configuration whose policyModules the schema is to know as well')
    .option('--expectations', 'the schema of files of expectations instead; see waygate test')
    .description(
      'Prints the JSON Schema of the configuration, for editors and other tools. With --config, policies of your own ' +
        'and their options are in it: waygate schema --config waygate.yaml > waygate.schema.json',
    )
    .action(async (options: { config?: string; expectations?: true }) => {
      const { schema } = await import('./commands/schema.ts');
      exit(await schema(terminal, options));
    });
}

/** `<method>` or `[file]`, as in a usage line. */
function argumentTerm(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
}

/** @throws InvalidArgumentError when it is no header line. */
function gatherHeader(line: string, before: readonly string[] = []): readonly string[] {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(line)) return [...before, line];
  throw new InvalidArgumentError('A header is a name, a colon and a value: "Accept: text/html".');
}

function programExamples(terminal: Terminal): string {
  const examples = [
    ['waygate init', 'writes waygate.yaml'],
    ['waygate check', 'lists every mistake in it'],
    ['waygate explain GET /users/1', 'says what would happen to a request'],
    ['waygate test', 'runs the expectations of waygate.test.yaml'],
    ['waygate start', 'starts the gateway'],
  ] as const;
  const lines = examples.map(([line, what]) => `  ${line.padEnd(30)}${terminal.paint('dim', `# ${what}`)}\n`);
  const more = 'What a command does in detail: waygate <command> --help\n';
  return `\n${terminal.paint('bold', 'Examples:')}\n${lines.join('')}\n${more}`;
}

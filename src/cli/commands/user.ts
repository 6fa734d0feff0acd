import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

interface CreateOptions {
  readonly group?: readonly string[];
  readonly scope?: readonly string[];
  readonly json?: true;
}

/** Adds `user` and the commands below it. */
export function addUser(program: Command, terminal: Terminal): void {
  const user = program
    .command('user')
    .summary('make users for the policy basic-auth')
    .description('Makes users for the policy basic-auth.')
    .helpCommand(false);
  user
    .command('create')
    .argument('<name>', 'the name of the user')
    .option('-g, --group <group>', 'a group that the user belongs to; may be repeated', gather)
    .option('-s, --scope <scope>', 'what the user may do, a word of a scope; may be repeated', gather)
    .option('--json', 'print the entry as JSON')
    .summary('ask for a password and print the entry to add')
    .description(
      'Asks for a password and prints the entry to add to the configuration, which has a digest of it (scrypt). In a pipe, ' +
        'the password is read from standard input. Nothing is stored and nothing is sent.',
    )
    .addHelpText(
      'after',
      `
Examples:
  waygate user create alice
  waygate user create backup --group tools < password.txt
`,
    )
    .action(async (name: string, options: CreateOptions) => {
      const { createUser } = await import('./user-create.ts');
      await createUser(terminal, process.stdin, { name, ...options });
    });
}

function gather(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

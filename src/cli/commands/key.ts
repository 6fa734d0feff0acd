import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

interface CreateOptions {
  readonly group?: readonly string[];
  readonly expires?: string;
  readonly label?: string;
  readonly json?: true;
  readonly redisCommand?: true | string;
}

/** Adds `key` and the commands below it. */
export function addKey(program: Command, terminal: Terminal): void {
  const key = program
    .command('key')
    .summary('make keys for the policy api-key')
    .description('Makes keys for the policy api-key.')
    .helpCommand(false);
  key
    .command('create')
    .argument('<name>', 'the consumer whose key it will be')
    .option('-g, --group <group>', 'a group that the consumer belongs to; may be repeated', gather)
    .option('-e, --expires <when>', 'when the key expires: 90d from now, or a day such as 2027-01-31')
    .option('-l, --label <text>', 'what tells people which key this is')
    .option('--json', 'print the key and its entry as JSON')
    .option(
      '--redis-command [prefix]',
      'print the command that adds the key to Redis; with what stands before "apikey:" unless that is "waygate:"',
    )
    .summary('make a key and print the entry to add')
    .description(
      'Makes a new random key, shows it once, and prints the entry to add to the configuration. Nothing is stored and ' +
        'nothing is sent: the entry has only a digest, from which nobody can find the key.',
    )
    .addHelpText(
      'after',
      `
Examples:
  waygate key create acme
  waygate key create acme --group gold --expires 90d
  waygate key create acme --redis-command
`,
    )
    .action(async (name: string, options: CreateOptions) => {
      const { createKey } = await import('./key-create.ts');
      const { redisCommand, ...rest } = options;
      const redisPrefix = redisCommand === true ? 'waygate:' : redisCommand;
      createKey(terminal, { name, ...rest, ...(redisPrefix === undefined ? {} : { redisPrefix }) });
    });
}

function gather(group: string, before: readonly string[] = []): readonly string[] {
  return [...before, group];
}

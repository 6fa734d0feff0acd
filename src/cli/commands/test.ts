import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../terminal.ts';
import type { TestOptions } from './test-run.ts';

/** Adds `test`. */
export function addTest(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('test')
    .argument(
      '[file...]',
      'files of expectations, or folders with such files; without them, those that are here',
    )
    .option('--filter <text>', 'only tests whose names contain this, in any case')
    .option('--coverage', 'list the routes and policies that no test meets')
    .option('--min-coverage <percent>', 'fail when fewer of the routes and policies are met', readPercent)
    .option('--json', 'print the result as JSON')
    .summary('run expectations about a configuration')
    .description(
      'Runs expectations about a configuration: which route a request takes, which policies run, what the service gets and ' +
        'what the client. Nothing listens and nothing is sent: services, issuers and time are in memory. Expectations stand ' +
        'in waygate.test.yaml, or in files whose names end in .waygate.test.yaml.',
    )
    .action(async (files: readonly string[], options: TestOptions) => {
      const { test } = await import('./test-run.ts');
      exit(await test(terminal, files, options));
    });
}

/** @throws InvalidArgumentError when it is no percentage. */
function readPercent(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError('Write a whole number from 0 to 100.');
}

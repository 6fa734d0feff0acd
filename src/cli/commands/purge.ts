import type { Command } from 'commander';
import { Option } from 'commander';
import type { Terminal } from '../terminal.ts';
import type { PurgeOptions } from './purge-request.ts';

/** Adds `purge`. */
export function addPurge(program: Command, terminal: Terminal): void {
  program
    .command('purge')
    .option('--url <url>', 'one URL with its query, or a path on any host')
    .option('--prefix <url>', 'all that begins with a URL, or with a path on any host')
    .option('--tag <tag>', 'all that was sent with this word in Cache-Tag or Surrogate-Key')
    .option('--route <name>', 'all of a route')
    .option('--all', 'everything')
    .option('--admin <url>', 'where the admin listener is', 'http://127.0.0.1:9901')
    .addOption(new Option('--token <token>', 'the admin token').env('WAYGATE_ADMIN_TOKEN'))
    .option('--json', 'print the answer as JSON')
    .summary('drop answers that are kept')
    .description(
      'Drops answers that the policy cache keeps: in a running gateway, through its admin listener, and in all gateways on the ' +
        'same Redis.',
    )
    .addHelpText(
      'after',
      `
Examples:
  waygate purge --url 'https://shop.example.com/products?page=1'
  waygate purge --prefix /products/
  waygate purge --tag product-17
  waygate purge --all --admin http://127.0.0.1:9901
`,
    )
    .action(async (options: PurgeOptions) => {
      const { purge } = await import('./purge-request.ts');
      await purge(terminal, options);
    });
}

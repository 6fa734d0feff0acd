import { parseArgs } from 'node:util';

/** What the bench is asked to do. */
export interface Flags {
  readonly help: boolean;
  /** Scenarios by number, such as `1` or `4` for both its variants; empty is all. */
  readonly only: readonly string[];
  /** Proxies by key; empty is all. */
  readonly proxies: readonly string[];
  readonly rounds: number;
  /** Seconds a proxy is loaded for in a round. */
  readonly seconds: number;
  /** A branch or commit to measure the working tree against. */
  readonly compare: string | undefined;
  /** The key of a proxy to profile. */
  readonly profile: string | undefined;
  /** A file to write the results into. */
  readonly json: string | undefined;
  readonly smoke: boolean;
  readonly micro: boolean;
}

/** What `--help` prints. */
export const helpText = `Usage: npm run bench -- [flags]

Measures Waygate side by side with other proxies, in interleaved rounds. A run of every scenario writes
docs/performance.md; with any flag that leaves something out, the report is only printed.

  --only 1,7          only these scenarios, by number
  --proxies a,b       only these proxies (nginx, haproxy, waygate, node-undici, fastify,
                      express-keep-alive, express-tutorial, express-tutorial-4,
                      waygate-drop-in)
  --rounds 5          rounds
  --seconds 3         seconds a proxy and round
  --compare main      the working tree against a branch or commit, with nginx as a witness
  --profile waygate   a CPU profile of one Node proxy, in scenario 1 or those that --only names
  --json file         also write the figures of every round into a file
  --smoke             under two minutes: fails when Waygate costs more than @fastify/http-proxy
  --micro             the benchmarks of single pieces instead, about half a minute
`;

/**
 * Reads the flags.
 * @throws TypeError for a flag that does not exist, RangeError for a value or a combination that makes no sense.
 */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string', default: '' },
      proxies: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      compare: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      micro: { type: 'boolean', default: false },
    },
  });
  const modes = [values.compare && '--compare', values.profile && '--profile', values.smoke && '--smoke'];
  const chosen = modes.filter((mode) => typeof mode === 'string');
  if (chosen.length > 1) throw new RangeError(`${chosen.join(' and ')} do not go together`);
  return {
    help: values.help,
    only: list(values.only),
    proxies: list(values.proxies),
    rounds: positive('--rounds', values.rounds ?? (values.smoke ? '3' : '5')),
    seconds: positive('--seconds', values.seconds ?? '3'),
    compare: values.compare,
    profile: values.profile,
    json: values.json,
    smoke: values.smoke,
    micro: values.micro,
  };
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new RangeError(`${flag} must be a whole number of at least 1`);
  return number;
}

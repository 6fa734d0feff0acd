import { runCommand } from './run-command.ts';
import { closingLines, findSkips } from './test-report.ts';

interface Step {
  /** What holds when the step passes, as a sentence. */
  readonly sentence: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Minutes after which the step counts as failed; 10 when absent. */
  readonly minutes?: number;
  /** Looks at the output of a command that succeeded, and returns what is wrong with it all the same. */
  readonly inspect?: (output: string) => string | undefined;
}

/** Everything that CI runs, in this order. */
const steps: readonly Step[] = [
  { sentence: 'Every file is formatted', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { sentence: 'The types check', command: ['tsc', '-p', '.'] },
  { sentence: 'The linter finds nothing', command: ['oxlint'] },
  { sentence: 'The package builds', command: ['npm', 'run', '--silent', 'build'] },
  { sentence: 'No file, export or dependency is unused', command: ['knip'] },
  { sentence: 'The package publishes well', command: ['publint', '--strict'] },
  {
    sentence: 'The types of the package resolve for its users',
    command: [
      'attw',
      '--pack',
      '.',
      '--profile',
      'esm-only',
      '--exclude-entrypoints',
      'schema.json',
      '--no-emoji',
    ],
  },
  {
    sentence: 'What is generated is in sync with the source',
    command: ['npm', 'run', '--silent', 'generate', '--', '--check'],
  },
  {
    sentence: "The README's test command passes",
    command: ['npm', 'run', '--silent', 'test'],
    minutes: 20,
    inspect: whatIsWrongWithTheTests,
  },
  {
    sentence: 'A request costs less CPU than with @fastify/http-proxy',
    command: ['npm', 'run', '--silent', 'bench', '--', '--smoke'],
  },
];

let closing = '';
for (const [index, step] of steps.entries()) {
  process.stdout.write(`${index + 1}/${steps.length} ${step.sentence} … `);
  const { exitCode, output, seconds } = await runCommand(step.command, step.minutes ?? 10);
  const wrong = exitCode === 0 ? step.inspect?.(output) : `${step.command.join(' ')} failed (${exitCode})`;
  if (wrong !== undefined) {
    console.log(`no, after ${seconds} s\n\n${output}\n${wrong}`);
    process.exitCode = 1;
    break;
  }
  console.log(`yes, ${seconds} s`);
  if (step.inspect !== undefined) closing = closingLines(output);
}
if (closing !== '') console.log(`\n${closing}`);

function whatIsWrongWithTheTests(output: string): string | undefined {
  if (closingLines(output) === '') return 'The test runner did not say how many tests it ran.';
  const skips = findSkips(output);
  if (skips.length === 0 || process.env['CI'] !== 'true') return undefined;
  return `Where CI is set, no test may be skipped:\n${skips.join('\n')}`;
}

import { Failure } from './failure.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/**
 * Runs the command that the arguments ask for.
 * @returns the exit code: 0, 1 for a failure, 2 for arguments that make no sense.
 */
export async function run(args: readonly string[]): Promise<number> {
  const terminal = createTerminal(process);
  try {
    const exitCode = await runCommand(terminal, args);
    const lost = await terminal.flushed();
    if (lost !== undefined) throw new Failure(`Standard output cannot be written: ${lost.message}.`);
    return exitCode;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { errPaint } = terminal;
    terminal.err(`${errPaint('red', '✗')} ${error.message}\n`);
    if (error.remedy !== undefined) terminal.err(`  ${error.remedy}\n`);
    return error.exitCode;
  }
}

/** A gateway must be there soon: to start one needs no reading of options, of which `start` has none but `--help`. */
async function runCommand(terminal: Terminal, args: readonly string[]): Promise<number> {
  const [command, file, ...more] = args;
  if (command === 'start' && more.length === 0 && file?.startsWith('-') !== true) {
    const { start } = await import('./commands/start.ts');
    return start(terminal, file);
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(terminal, args);
}

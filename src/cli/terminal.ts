import { createPaint, type Paint, wantsColor } from '../observe/paint.ts';

/** Where a command's words go, and how they may look there. */
export interface Terminal {
  /** Writes what was asked for: results, tables, JSON. */
  out(text: string): void;
  /** Writes what went wrong, and hints. */
  err(text: string): void;
  /** Colours for {@link out}: none in a pipe, unless `FORCE_COLOR` is set. */
  readonly paint: Paint;
  /** Colours for {@link err}. */
  readonly errPaint: Paint;
  /** Whether somebody reads {@link out} as it appears. */
  readonly interactive: boolean;
  readonly color: { readonly out: boolean; readonly err: boolean };
}

/** The terminal that this process was started in. */
export function createTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  // `waygate schema | head` is no failure: whoever reads has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const color = { out: wantsColor(stdout, env), err: wantsColor(stderr, env) };
  return {
    out: (text) => {
      stdout.write(text);
    },
    err: (text) => {
      stderr.write(text);
    },
    paint: createPaint(color.out),
    errPaint: createPaint(color.err),
    interactive: stdout.isTTY,
    color,
  };
}

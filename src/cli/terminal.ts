import { createPaint, type Paint, wantsColor } from '../observe/paint.ts';

/** Where a command's words go, and how they may look there. */
export interface Terminal {
  /** Writes what was asked for: results, tables, JSON. */
  readonly out: (text: string) => void;
  /**
   * Resolves when what {@link out} was given has been taken, with the error when it has not; a reader who has seen enough
   * and left is none.
   */
  readonly flushed: () => Promise<Error | undefined>;
  /** Writes what went wrong, and hints. */
  readonly err: (text: string) => void;
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
  // Every write reports its own error.
  stdout.on('error', () => {});
  let flushed: Promise<Error | undefined> = Promise.resolve(undefined);
  const color = { out: wantsColor(stdout, env), err: wantsColor(stderr, env) };
  return {
    out: (text) => {
      flushed = new Promise((resolve) => {
        stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
          // `waygate schema | head` is no failure.
          resolve(error?.code === 'EPIPE' ? undefined : (error ?? undefined));
        });
      });
    },
    flushed: () => flushed,
    err: (text) => {
      stderr.write(text);
    },
    paint: createPaint(color.out),
    errPaint: createPaint(color.err),
    interactive: stdout.isTTY,
    color,
  };
}

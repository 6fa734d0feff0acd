import { closeSync, constants, fstatSync, openSync, write as writeToDescriptor } from 'node:fs';
import { isatty } from 'node:tty';
import type { Destination } from './destination.ts';

/** A destination that holds something until it is released. */
export interface HeldDestination {
  readonly destination: Destination;
  /** To be called once no write is under way and none will come. */
  release(): void;
}

/**
 * Standard output or standard error as a destination that never blocks: not this thread, and none of Node's few others
 * either. One of those that waits in `write` for a reader that does not read keeps the process from exiting at all.
 * @param descriptor 1 is standard output, 2 standard error.
 */
export function standardDestination(descriptor: 1 | 2): HeldDestination {
  if (isSocket(descriptor)) return streamDestination(descriptor === 1 ? process.stdout : process.stderr);
  const own = reopenWithoutBlocking(descriptor);
  const target = own ?? descriptor;
  return {
    destination: (octets, done) => {
      writeToDescriptor(target, octets, 0, octets.length, null, (error, written) => {
        done(error, error === null ? written : 0);
      });
    },
    release: () => {
      if (own !== undefined) closeSync(own);
    },
  };
}

/** What systemd and Node give their children; Node writes to a socket without blocking. */
function streamDestination(stream: NodeJS.WriteStream): HeldDestination {
  if (!stream.listeners('error').includes(ignoreError)) stream.on('error', ignoreError);
  return {
    destination: (octets, done) => {
      stream.write(octets, (error) => {
        done(error ?? null, error ? 0 : octets.length);
      });
    },
    // The stream stays, and so does its listener: an error may still be on its way.
    release: () => {},
  };
}

/** Every write reports its own error. */
function ignoreError(): void {}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

/**
 * A descriptor of our own for the same pipe or terminal that does not block, or undefined where there is none to be
 * had. Setting O_NONBLOCK on the descriptor itself would set it for everybody who shares it, the shell among them.
 */
function reopenWithoutBlocking(descriptor: number): number | undefined {
  try {
    if (!fstatSync(descriptor).isFIFO() && !isatty(descriptor)) return undefined;
    return openSync(
      `/proc/self/fd/${descriptor}`,
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return undefined;
  }
}

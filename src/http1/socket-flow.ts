import type { Socket } from 'node:net';

/** What Node has behind a socket, as far as it is used here; not part of its public interface. */
interface Handle {
  reading: boolean;
  readStop(): number;
  readStart(): number;
}

/**
 * Pauses and resumes a socket. `socket.pause()` alone goes on reading until the stream's own buffer is full: another 64 KiB
 * for each connection whose other side does not keep up. Where the handle behind the socket is what Node 24 has, it is
 * stopped as well; where it is not, the stream's pause has to do. `socket-flow.test.ts` notices when it changes.
 *
 * The socket is made with the `socketOptions`: with a greater high-water mark the stream starts the handle again behind the
 * present read.
 */
export class SocketFlow {
  readonly #socket: Socket;
  /** Stopped here, and so to be started here: the stream believes that it is being read. */
  #stopped: Handle | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get paused(): boolean {
    return this.#socket.isPaused();
  }

  pause(): void {
    this.#socket.pause();
    if (this.#stopped !== undefined) return;
    const handle = handleOf(this.#socket);
    if (handle?.reading !== true) return;
    handle.reading = false;
    handle.readStop();
    this.#stopped = handle;
  }

  resume(): void {
    const stopped = this.#stopped;
    this.#stopped = undefined;
    if (stopped !== undefined && !stopped.reading && handleOf(this.#socket) === stopped) {
      stopped.reading = true;
      stopped.readStart();
    }
    this.#socket.resume();
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isHandle(handle) ? handle : undefined;
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'reading' in value &&
    typeof value.reading === 'boolean' &&
    'readStop' in value &&
    typeof value.readStop === 'function' &&
    'readStart' in value &&
    typeof value.readStart === 'function'
  );
}

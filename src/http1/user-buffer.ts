import { Socket } from 'node:net';

/** Called for each read: how much came, and where it lies. False stops the reading. */
type OnRead = (length: number, buffer: Buffer) => boolean;
/** Asked behind each read where the next one goes; undefined is to where the last went. */
type NextBuffer = () => Buffer | undefined;

/** What Node keeps under symbols of its own in a socket that was made with the `onread` option. */
interface OnReadSymbols {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

interface Handle {
  useUserBuffer(buffer: Buffer): void;
}

const symbols = findSymbols();

/**
 * Lets a socket read into a buffer of ours, as the `onread` option of `net.connect` does; Node has no such option for
 * sockets that it accepts. Without it, every read allocates 64 KiB, makes an `ArrayBuffer` of it and passes a stream:
 * a twentieth of what a proxied request costs.
 * @returns false when this socket cannot do that, or this version of Node: it is to be read as a stream.
 *   `user-buffer.test.ts` notices the latter.
 */
export function readInto(socket: Socket, buffer: Buffer, onRead: OnRead, next: NextBuffer): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (symbols === undefined || !isHandle(handle)) return false;
  Reflect.set(socket, symbols.buffer, buffer);
  Reflect.set(socket, symbols.callback, onRead);
  Reflect.set(socket, symbols.next, next);
  handle.useUserBuffer(buffer);
  return true;
}

/** Finds the symbols by what lies under them in sockets that were made with the public option. */
function findSymbols(): OnReadSymbols | undefined {
  const buffer = Buffer.alloc(1);
  const makeBuffer = () => buffer;
  const callback = () => true;
  const oneBuffer = new Socket({ onread: { buffer, callback } });
  const manyBuffers = new Socket({ onread: { buffer: makeBuffer, callback } });
  const found = {
    buffer: symbolOf(oneBuffer, buffer),
    callback: symbolOf(oneBuffer, callback),
    next: symbolOf(manyBuffers, makeBuffer),
  };
  return isComplete(found) ? found : undefined;
}

function symbolOf(socket: Socket, value: unknown): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => Reflect.get(socket, symbol) === value);
}

function isComplete(found: Record<keyof OnReadSymbols, symbol | undefined>): found is OnReadSymbols {
  return Object.values(found).every((symbol) => symbol !== undefined);
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'useUserBuffer' in value &&
    typeof value.useUserBuffer === 'function'
  );
}

/** Below this many octets, leaving a buffer to the garbage collector costs less than giving it back. */
const WORTHWHILE = 16 * 1024;

/**
 * Gives the memory of octets back at once: the collector, which sees next to no heap in use, would let a hundred megabytes
 * of it pile up while large bodies pass.
 * @param chunk of which nobody holds any part; unusable from here on. What is a part of something larger is left alone.
 */
export function giveBack(chunk: Buffer): void {
  const { buffer, length } = chunk;
  if (length >= WORTHWHILE && buffer.byteLength === length && buffer instanceof ArrayBuffer)
    buffer.transfer(0);
}

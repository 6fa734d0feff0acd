/** Below this many octets, leaving a buffer to the garbage collector costs less than giving it back. */
const WORTHWHILE = 16 * 1024;

/**
 * Gives the memory of one read back at once. Node allocates 64 KiB for each read, and the collector, which sees next to no
 * heap in use, lets a hundred megabytes of them pile up while a large body passes: relaying 1 GB so takes half the memory,
 * and a third less time on the processor.
 * @param chunk what a socket's `data` event brought, of which nobody holds any part; unusable from here on. What is a part
 *   of something larger is left alone.
 */
export function releaseReadBuffer(chunk: Buffer): void {
  const { buffer, length } = chunk;
  if (length >= WORTHWHILE && buffer.byteLength === length && buffer instanceof ArrayBuffer)
    buffer.transfer(0);
}

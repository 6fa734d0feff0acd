/**
 * How the sockets of both sides are made. A stream says `drain` only after it held as much as its high-water mark; with
 * none it says so whenever anything was held back, which is what backpressure waits for here.
 */
export const socketOptions = { noDelay: true, highWaterMark: 0 } as const;

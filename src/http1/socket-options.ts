/**
 * How the sockets of both sides are made. A stream says `drain` only after it held as much as its high-water mark; with
 * one octet it says so whenever anything was held back, which is what backpressure waits for here. And a socket that is
 * not read keeps one read's worth of octets, rather than as many as fit below the mark and one read more.
 */
export const socketOptions = { noDelay: true, highWaterMark: 1 } as const;

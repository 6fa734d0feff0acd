/**
 * The content found in one read of a chunked body, in one piece. Several chunks are moved together where they stand,
 * over the framing between them, which has been read: nothing is allocated, and the rest of the read is as it was.
 * @param data start and end of each chunk's part in the read, in order.
 */
export function contentOf(read: Buffer, data: readonly number[]): Buffer | undefined {
  const [start, firstEnd] = data;
  if (start === undefined || firstEnd === undefined) return undefined;
  let end = firstEnd;
  for (let i = 2; i < data.length; i += 2) {
    const from = data[i] as number;
    const to = data[i + 1] as number;
    read.copyWithin(end, from, to);
    end += to - from;
  }
  return read.subarray(start, end);
}

/** The bytes in pieces, cut at these offsets. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    // A copy, as a read brings one: nobody may look beyond its end, and the engine may move octets within it.
    if (to > from) pieces.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}

/** Every way to cut in two, and every byte by itself. */
export function everyCut(length: number): (readonly number[])[] {
  const places = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  return [...places.map((place) => [place]), places];
}

/** Some ways to cut something long: in pieces of a few sizes, and in two near its edges and in its middle. */
export function someCuts(length: number): (readonly number[])[] {
  const inPieces = [1, 7, 100, 1460, 16384].map((size) =>
    Array.from({ length: Math.ceil(length / size) - 1 }, (_, i) => (i + 1) * size),
  );
  const places = [
    1,
    2,
    3,
    20,
    40,
    8192,
    16384,
    65535,
    65536,
    length >> 1,
    length - 3,
    length - 2,
    length - 1,
  ];
  return [...inPieces, ...places.filter((place) => place > 0 && place < length).map((place) => [place])];
}

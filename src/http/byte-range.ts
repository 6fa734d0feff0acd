/** A part of a representation, both ends included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a `Range` asks for: as written, since a suffix has no place before the length is known. */
export type RequestedRange =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | undefined }
  | { readonly kind: 'suffix'; readonly length: number };

/**
 * Reads a `Range` (RFC 9110 §14.2) that asks for one part in bytes. Undefined for any other: it may be ignored, and so are many parts at once
 * (RFC 9110 §14.2, "many small ranges").
 */
export function parseRange(value: string): RequestedRange | undefined {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(value) ?? [];
  if (first.length > 15 || last.length > 15) return undefined;
  if (first === '') return last === '' ? undefined : { kind: 'suffix', length: Number(last) };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return { kind: 'from', first: Number(first), last: last === '' ? undefined : Number(last) };
}

/** The part of a representation of that length that is asked for, or undefined when there is none of it: 416. */
export function resolveRange(range: RequestedRange, length: number): ByteRange | undefined {
  if (range.kind === 'suffix') {
    if (range.length === 0 || length === 0) return undefined;
    return { first: Math.max(0, length - range.length), last: length - 1 };
  }
  if (range.first >= length) return undefined;
  return { first: range.first, last: Math.min(range.last ?? length - 1, length - 1) };
}

/** Reads a `Content-Range` (RFC 9110 §14.4) whose length is known: `bytes 0-4/10`. */
export function parseContentRange(value: string): (ByteRange & { readonly length: number }) | undefined {
  const [, first, last, length] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(value) ?? [];
  const range = { first: Number(first), last: Number(last), length: Number(length) };
  return range.first <= range.last && range.last < range.length ? range : undefined;
}

/** A `Content-Range` for a part of a representation. */
export function contentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`;
}

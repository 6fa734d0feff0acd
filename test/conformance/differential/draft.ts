/** One header line of a {@link Draft}: everything as it will stand on the wire. */
export interface DraftLine {
  readonly name: string;
  readonly colon: string;
  readonly value: string;
  readonly end: string;
}

/** A request in pieces that mutations can get hold of. Latin1. */
export interface Draft {
  readonly before: string;
  readonly method: string;
  readonly gap: string;
  readonly target: string;
  readonly secondGap: string;
  readonly version: string;
  readonly lineEnd: string;
  readonly lines: readonly DraftLine[];
  readonly headEnd: string;
  /** The body as it will stand on the wire, chunk framing included. */
  readonly body: readonly string[];
}

/** A well-formed header line. */
export function line(name: string, value: string): DraftLine {
  return { name, colon: ': ', value, end: '\r\n' };
}

/** The bytes of a draft. */
export function render(draft: Draft): string {
  const lines = draft.lines.map(({ name, colon, value, end }) => name + colon + value + end).join('');
  const { before, method, gap, target, secondGap, version, lineEnd, headEnd, body } = draft;
  return before + method + gap + target + secondGap + version + lineEnd + lines + headEnd + body.join('');
}

/** The draft with one of its lines replaced by others. */
export function withLine(draft: Draft, index: number, ...replacements: readonly DraftLine[]): Draft {
  return { ...draft, lines: draft.lines.toSpliced(index, 1, ...replacements) };
}

/** The draft with lines inserted. */
export function insertLine(draft: Draft, index: number, ...inserted: readonly DraftLine[]): Draft {
  return { ...draft, lines: draft.lines.toSpliced(index, 0, ...inserted) };
}

/** Where the first line of that name stands, or −1. */
export function findLine(draft: Draft, name: string): number {
  return draft.lines.findIndex((candidate) => candidate.name.toLowerCase() === name);
}

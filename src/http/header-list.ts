import type { LookAlikes } from './look-alikes.ts';

/**
 * The header lines of one message: an ordered flat list, exactly as received, never a dictionary.
 *
 * A list that came from the wire keeps the text of the head and, for each line, where its name and value lie
 * in it. Nothing is sliced out before somebody asks, and lines that nobody touched are written onwards as runs
 * of the received text (see {@link HeaderList.serialize}). Edits are removals plus additions at the end.
 *
 * Names are compared without regard to case (RFC 9110 §5.1). Look-up arguments are lower-case.
 */
export class HeaderList {
  /** The received head, latin1, one character an octet; empty for a list built by hand. */
  readonly #text: string;
  /** Four numbers a line: name start, name end, value start, value end. A name start of −1 is a removed line. */
  readonly #spans: number[];
  /** Lines added later: name, value, name, value, … A name of '' is a removed line. */
  #added: string[] | undefined;

  /**
   * @param text the received head, latin1.
   * @param spans four offsets into `text` a line: name start, name end, value start, value end. The list owns
   *   the array from here on.
   */
  constructor(text = '', spans: number[] = []) {
    this.#text = text;
    this.#spans = spans;
  }

  /** Builds a list from name and value pairs. The pairs are trusted: check values that came from outside. */
  static from(pairs: Iterable<readonly [name: string, value: string]>): HeaderList {
    const list = new HeaderList();
    for (const [name, value] of pairs) list.append(name, value);
    return list;
  }

  /** The number of lines. */
  get size(): number {
    let count = 0;
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 4) if (spans[i] !== -1) count++;
    const added = this.#added;
    if (added !== undefined) for (let i = 0; i < added.length; i += 2) if (added[i] !== '') count++;
    return count;
  }

  /**
   * The value of the first line of that name, or undefined.
   * @param name in lower case.
   */
  get(name: string): string | undefined {
    const text = this.#text;
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 4) {
      const start = spans[i] as number;
      if ((spans[i + 1] as number) - start !== name.length || !sameName(text, start, name)) continue;
      return text.slice(spans[i + 2], spans[i + 3]);
    }
    const added = this.#added;
    if (added !== undefined) {
      for (let i = 0; i < added.length; i += 2) {
        const candidate = added[i] as string;
        if (candidate.length === name.length && sameName(candidate, 0, name)) return added[i + 1];
      }
    }
    return undefined;
  }

  /**
   * The values of all lines of that name, in order.
   * @param name in lower case.
   */
  getAll(name: string): string[] {
    const values: string[] = [];
    const text = this.#text;
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 4) {
      const start = spans[i] as number;
      if ((spans[i + 1] as number) - start !== name.length || !sameName(text, start, name)) continue;
      values.push(text.slice(spans[i + 2], spans[i + 3]));
    }
    const added = this.#added;
    if (added !== undefined) {
      for (let i = 0; i < added.length; i += 2) {
        const candidate = added[i] as string;
        if (candidate.length === name.length && sameName(candidate, 0, name))
          values.push(added[i + 1] as string);
      }
    }
    return values;
  }

  /**
   * Whether there is a line of that name.
   * @param name in lower case.
   */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Adds a line at the end. The caller vouches for name and value (see `isFieldName` and `isFieldValue`). */
  append(name: string, value: string): void {
    (this.#added ??= []).push(name, value);
  }

  /** Replaces every line of that name by one at the end. */
  set(name: string, value: string): void {
    this.delete(name.toLowerCase());
    this.append(name, value);
  }

  /**
   * Removes every line of that name, and says whether there was one.
   * @param name in lower case.
   */
  delete(name: string): boolean {
    const isIt = (text: string, start: number, end: number): boolean =>
      end - start === name.length && sameName(text, start, name);
    return this.#removeWhere(isIt) > 0;
  }

  /** Removes every line whose name, in lower case, the predicate accepts. */
  deleteWhere(predicate: (name: string) => boolean): boolean {
    return this.#removeWhere((text, start, end) => predicate(text.slice(start, end).toLowerCase())) > 0;
  }

  /** Whether a line's name may be taken for one of these. */
  hasLookAlike(names: LookAlikes): boolean {
    const text = this.#text;
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 4) {
      const start = spans[i] as number;
      if (start !== -1 && names.hasAt(text, start, spans[i + 1] as number)) return true;
    }
    const added = this.#added ?? [];
    for (let i = 0; i < added.length; i += 2) if (names.has(added[i] as string)) return true;
    return false;
  }

  /** Removes every line whose name may be taken for one of these, and says how many there were. */
  deleteLookAlikes(names: LookAlikes): number {
    // Every request comes by here: no text is cut out, and no function is made unless there is something to remove.
    const text = this.#text;
    const spans = this.#spans;
    let found = false;
    for (let i = 0; i < spans.length && !found; i += 4) {
      const start = spans[i] as number;
      found = start !== -1 && names.hasAt(text, start, spans[i + 1] as number);
    }
    if (!found && this.#added === undefined) return 0;
    return this.#removeWhere((name, start, end) => names.hasAt(name, start, end));
  }

  /** Removes every line that was added later and whose name, in lower case, is in the set. Received lines stay. */
  deleteAdded(names: { has(name: string): boolean }): void {
    const added = this.#added;
    if (added === undefined) return;
    for (let i = 0; i < added.length; i += 2) {
      if (names.has((added[i] as string).toLowerCase())) added[i] = '';
    }
  }

  /** The name of the first line added later that the predicate refuses, or undefined. Received lines are not looked at. */
  refusedAddition(accepts: (name: string, value: string) => boolean): string | undefined {
    const added = this.#added;
    if (added === undefined) return undefined;
    for (let i = 0; i < added.length; i += 2) {
      const name = added[i] as string;
      if (name !== '' && !accepts(name, added[i + 1] as string)) return name;
    }
    return undefined;
  }

  /** Name (as received) and value of each line, in order. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    const text = this.#text;
    const spans = this.#spans;
    for (let i = 0; i < spans.length; i += 4) {
      if (spans[i] === -1) continue;
      yield [text.slice(spans[i], spans[i + 1]), text.slice(spans[i + 2], spans[i + 3])];
    }
    const added = this.#added;
    if (added === undefined) return;
    for (let i = 0; i < added.length; i += 2) {
      if (added[i] !== '') yield [added[i] as string, added[i + 1] as string];
    }
  }

  /** A list with the lines of now, which {@link HeaderList.restore} can bring back. */
  copy(): HeaderList {
    const copy = new HeaderList(this.#text, this.#spans.slice());
    copy.#added = this.#added?.slice();
    return copy;
  }

  /** Brings back the lines that this list had when the copy was made. */
  restore(copy: HeaderList): void {
    const spans = copy.#spans;
    for (let i = 0; i < spans.length; i++) this.#spans[i] = spans[i] as number;
    this.#added = copy.#added?.slice();
  }

  /** Whether nothing has been removed, added or replaced since the copy was made. */
  isAs(copy: HeaderList): boolean {
    const spans = copy.#spans;
    for (let i = 0; i < spans.length; i += 4) if (this.#spans[i] !== spans[i]) return false;
    const added = this.#added ?? [];
    const copied = copy.#added ?? [];
    return added.length === copied.length && added.every((text, i) => text === copied[i]);
  }

  /**
   * The lines as they go onto the wire, each with its CRLF, without the empty line that ends a head.
   * Adjacent untouched lines that were received as `name: value CRLF` leave as one slice of the received text.
   */
  serialize(): string {
    const text = this.#text;
    const spans = this.#spans;
    let out = '';
    let runStart = -1;
    let runEnd = -1;
    for (let i = 0; i < spans.length; i += 4) {
      const nameStart = spans[i] as number;
      if (nameStart === -1) continue;
      const nameEnd = spans[i + 1] as number;
      const valueStart = spans[i + 2] as number;
      const valueEnd = spans[i + 3] as number;
      if (isCanonicalLine(text, nameEnd, valueStart, valueEnd)) {
        if (runEnd !== nameStart) {
          if (runStart !== -1) out += text.slice(runStart, runEnd);
          runStart = nameStart;
        }
        runEnd = valueEnd + 2;
        continue;
      }
      if (runStart !== -1) out += text.slice(runStart, runEnd);
      runStart = runEnd = -1;
      out += `${text.slice(nameStart, nameEnd)}: ${text.slice(valueStart, valueEnd)}\r\n`;
    }
    if (runStart !== -1) out += text.slice(runStart, runEnd);
    const added = this.#added;
    if (added !== undefined) {
      for (let i = 0; i < added.length; i += 2) {
        if (added[i] !== '') out += `${added[i]}: ${added[i + 1]}\r\n`;
      }
    }
    return out;
  }

  #removeWhere(matches: (text: string, start: number, end: number) => boolean): number {
    const spans = this.#spans;
    let removed = 0;
    for (let i = 0; i < spans.length; i += 4) {
      const start = spans[i] as number;
      if (start === -1 || !matches(this.#text, start, spans[i + 1] as number)) continue;
      spans[i] = -1;
      removed++;
    }
    const added = this.#added;
    if (added === undefined) return removed;
    for (let i = 0; i < added.length; i += 2) {
      const name = added[i] as string;
      if (name === '' || !matches(name, 0, name.length)) continue;
      added[i] = '';
      removed++;
    }
    return removed;
  }
}

/** Whether `text` at `start` spells `name` (lower case), ignoring ASCII case. Lengths are the caller's business. */
function sameName(text: string, start: number, name: string): boolean {
  if (start === -1) return false;
  for (let i = 0; i < name.length; i++) {
    let code = text.charCodeAt(start + i);
    if (code >= 0x41 && code <= 0x5a) code |= 0x20;
    if (code !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Exactly one `: ` between name and value, and CRLF right behind the value. */
function isCanonicalLine(text: string, nameEnd: number, valueStart: number, valueEnd: number): boolean {
  return (
    valueStart === nameEnd + 2 &&
    text.charCodeAt(nameEnd + 1) === 0x20 &&
    text.charCodeAt(valueEnd) === 0x0d &&
    text.charCodeAt(valueEnd + 1) === 0x0a
  );
}

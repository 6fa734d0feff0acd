import type { PathMatch } from '../config/schema.ts';
import { firstThatHolds, holds, type Candidate } from './candidate.ts';
import { wholeText, type RouteRequest } from './conditions.ts';
import { PatternTrie } from './pattern-trie.ts';
import { HASH_START, hashStep, SubstringTable } from './substring-table.ts';

const SLASH = 0x2f;
/** The hash of `/`, with which every path begins. */
const HASH_OF_SLASH = hashStep(HASH_START, SLASH);

/** A path that routes name literally. */
interface Literal {
  readonly value: string;
  /** Routes for exactly this path, best first. */
  readonly exact: Candidate[];
  /** Routes for this path and everything below it, best first. */
  readonly prefix: Candidate[];
  /** The next shorter prefix that this path lies below. */
  shorter: Literal | undefined;
}

/** The routes of one host, or of any host. */
export class HostRoutes {
  readonly #literals = new SubstringTable<Literal>();
  #patterns: PatternTrie | undefined;
  readonly #regexes: { readonly regExp: RegExp; readonly candidate: Candidate }[] = [];

  /** Adds a route. Candidates are added in the order of their ranks; {@link HostRoutes.seal} comes after the last. */
  add({ type, value }: PathMatch, candidate: Candidate): void {
    if (type === 'pattern') (this.#patterns ??= new PatternTrie()).add(value, candidate);
    else if (type === 'regex') this.#regexes.push({ regExp: wholeText(value), candidate });
    else this.#literal(value)[type].push(candidate);
  }

  /** Links every literal path to the next shorter prefix. */
  seal(): void {
    for (const literal of this.#literals.values()) literal.shorter = this.#prefixAbove(literal.value);
  }

  /**
   * The best route for a request: exact paths, then patterns and regular expressions by rank, then the longest prefix.
   * @param allowed see {@link holds}.
   */
  find(request: RouteRequest, allowed: Set<string> | undefined): Candidate | undefined {
    const { path } = request;
    const { length } = path;
    // One pass: at every segment boundary the hash so far is that of a possible prefix.
    const literals = this.#literals;
    const { longest } = literals;
    let prefix = longest === 0 ? undefined : literals.find(path, 0, 1, HASH_OF_SLASH);
    let hash = HASH_OF_SLASH;
    for (let i = 1; i < length && i <= longest; i++) {
      const code = path.charCodeAt(i);
      if (code === SLASH && i > 1) prefix = literals.find(path, 0, i, hash) ?? prefix;
      hash = hashStep(hash, code);
    }
    if (length <= longest) {
      const whole = literals.find(path, 0, length, hash);
      if (whole !== undefined) {
        prefix = whole;
        const exact = firstThatHolds(whole.exact, request, allowed);
        if (exact !== undefined) return exact;
      }
    }
    let found = this.#patterns?.find(request, allowed);
    if (this.#regexes.length > 0) found = this.#findRegex(request, allowed, found);
    for (let at = prefix; found === undefined && at !== undefined; at = at.shorter) {
      found = firstThatHolds(at.prefix, request, allowed);
    }
    return found;
  }

  #findRegex(
    request: RouteRequest,
    allowed: Set<string> | undefined,
    pattern: Candidate | undefined,
  ): Candidate | undefined {
    for (const { regExp, candidate } of this.#regexes) {
      if (pattern !== undefined && pattern.rank < candidate.rank) return pattern;
      if (regExp.test(request.path) && holds(candidate, request, allowed)) return candidate;
    }
    return pattern;
  }

  #literal(value: string): Literal {
    return this.#literals.getOrAdd(value, () => ({ value, exact: [], prefix: [], shorter: undefined }));
  }

  #prefixAbove(value: string): Literal | undefined {
    let hash = HASH_OF_SLASH;
    let above = value === '/' ? undefined : this.#literals.find(value, 0, 1, hash);
    if (above?.prefix.length === 0) above = undefined;
    for (let i = 1; i < value.length; i++) {
      const code = value.charCodeAt(i);
      const literal = code === SLASH && i > 1 ? this.#literals.find(value, 0, i, hash) : undefined;
      if (literal !== undefined && literal.prefix.length > 0) above = literal;
      hash = hashStep(hash, code);
    }
    return above;
  }
}

import { maxFindings, type Finding } from './finding.ts';
import type { Mistake } from './mistake.ts';
import { hiddenIn, hideAt, hideIn, maskLine, type Hidden } from './secrets.ts';
import type { Substitution } from './substitute.ts';
import type { TextLines } from './text-lines.ts';

type Path = readonly (string | number)[];

/** Where a configuration came from. */
export interface Origin {
  /** As it was named. */
  readonly file: string;
  /** The lines of its text, if it has one. */
  readonly lines?: TextLines;
  /** Where a value or its key stands in the text. */
  readonly offsetOf?: ((path: Path, at: 'value' | 'key') => number) | undefined;
}

/** Makes mistakes of findings: finds their lines, takes out what must not be shown, and puts them in order. */
export class Locator {
  readonly #origin: Origin;
  readonly #hidden: readonly Hidden[];
  /** What came from outside, by the path of the text as JSON. */
  readonly #substitutions: ReadonlyMap<string, Substitution>;
  /** Lines with secrets masked, by number: a file may be one long line with many mistakes. */
  readonly #lines = new Map<number, string>();

  constructor(origin: Origin, hidden: readonly Hidden[], substitutions: readonly Substitution[] = []) {
    this.#origin = origin;
    this.#hidden = hidden;
    this.#substitutions = new Map(substitutions.map((each) => [JSON.stringify(each.path), each]));
  }

  /** A locator that knows what of a document must not be shown. */
  static for(origin: Origin, document: unknown, substitutions: readonly Substitution[]): Locator {
    return new Locator(origin, hiddenIn(document, substitutions), substitutions);
  }

  /** Every finding as a mistake, each once, in the order of the file; of very many, the first. */
  all(findings: readonly (Finding & { readonly offset?: number })[]): Mistake[] {
    const seen = new Set<string>();
    const mistakes = findings
      .slice(0, maxFindings)
      .map((finding) => this.one(finding))
      .filter(({ line, column, path, found }) => {
        const key = JSON.stringify([line, column, line === undefined ? path : [], found]);
        return !seen.has(key) && seen.add(key);
      });
    if (this.#origin.lines === undefined) return mistakes;
    return mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }

  /** One finding as a mistake. */
  one(finding: Finding & { readonly offset?: number }): Mistake {
    const { file, lines, offsetOf } = this.#origin;
    const { path, at = 'value' } = finding;
    const own = path.flatMap(
      (_, index) => this.#substitutions.get(JSON.stringify(path.slice(0, index + 1))) ?? [],
    );
    const words = own.reduce(hideAt, { found: finding.found, remedy: finding.remedy });
    const found = hideIn(words.found, this.#hidden);
    const remedy = hideIn(words.remedy, this.#hidden);
    if (lines === undefined)
      return { file, line: undefined, column: undefined, path, found, remedy, excerpt: undefined };
    const { line, column } = lines.place(finding.offset ?? offsetOf?.(path, at) ?? 0);
    return { file, line, column, path, found, remedy, excerpt: this.#excerpt(lines, line) };
  }

  #excerpt(lines: TextLines, number: number): string {
    let line = this.#lines.get(number);
    if (line === undefined) {
      line = maskLine(lines.line(number), this.#hidden);
      this.#lines.set(number, line);
    }
    return line;
  }
}

/** Where something stands in what was imported. */
export interface Place {
  readonly file: string;
  /** Counted from 1; undefined for the file as a whole. */
  readonly line?: number;
}

/** Something that the result does as the source did. */
export interface Translated {
  /** What the source says, such as `changeOrigin: true`. */
  readonly what: string;
  readonly place?: Place;
  /** What it became. */
  readonly became: string;
}

/** Something that the result does, but not quite. */
export interface Approximated extends Translated {
  /** In what the result differs. */
  readonly differs: string;
}

/** Something that the result does not do. */
export interface LeftOut {
  readonly what: string;
  readonly place?: Place;
  readonly why: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A secret of the source, in whose place a variable stands. Its value is in no report. */
export interface SecretMoved {
  /** Of the environment. */
  readonly variable: string;
  /** What it has to hold. */
  readonly holds: string;
  readonly place?: Place;
}

/** What became of everything that the source says. */
export interface Report {
  readonly translated: readonly Translated[];
  readonly approximated: readonly Approximated[];
  readonly leftOut: readonly LeftOut[];
  readonly secrets: readonly SecretMoved[];
}

/** How much of a thing is lost, from nothing to all of it. */
type Group = 'translated' | 'approximated' | 'leftOut';
const losses: Readonly<Record<Group, number>> = { translated: 0, approximated: 1, leftOut: 2 };

/**
 * Gathers a report. The same thing said twice is said once; of different verdicts on one thing, in one place, the worst
 * stands: what is left out somewhere is not called translated.
 */
export class ReportWriter implements Report {
  readonly secrets: SecretMoved[] = [];
  readonly #translated: Translated[] = [];
  readonly #approximated: Approximated[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #said = new Set<string>();
  /** The worst verdict, by the thing and its place. */
  readonly #worst = new Map<string, Group>();

  get translated(): readonly Translated[] {
    return this.#standing('translated', this.#translated);
  }

  get approximated(): readonly Approximated[] {
    return this.#standing('approximated', this.#approximated);
  }

  get leftOut(): readonly LeftOut[] {
    return this.#standing('leftOut', this.#leftOut);
  }

  translate(what: string, became: string, place?: Place): void {
    const entry = { what, became, ...at(place) };
    this.#judge('translated', entry);
    this.#add(this.#translated, entry);
  }

  approximate(what: string, became: string, differs: string, place?: Place): void {
    const entry = { what, became, differs, ...at(place) };
    this.#judge('approximated', entry);
    this.#add(this.#approximated, entry);
  }

  leaveOut(what: string, why: string, remedy: string, place?: Place): void {
    const entry = { what, why, remedy, ...at(place) };
    this.#judge('leftOut', entry);
    this.#add(this.#leftOut, entry);
  }

  moveSecret(variable: string, holds: string, place?: Place): void {
    this.#add(this.secrets, { variable, holds, ...at(place) });
  }

  /** The report as data. */
  toJSON(): Report {
    const { translated, approximated, leftOut, secrets } = this;
    return { translated, approximated, leftOut, secrets };
  }

  #judge(group: Group, entry: Subject): void {
    const subject = subjectOf(entry);
    const worst = this.#worst.get(subject);
    if (worst === undefined || losses[group] > losses[worst]) this.#worst.set(subject, group);
  }

  #standing<Entry extends Subject>(group: Group, list: readonly Entry[]): readonly Entry[] {
    return list.filter((entry) => this.#worst.get(subjectOf(entry)) === group);
  }

  #add<Entry extends object>(list: Entry[], entry: Entry): void {
    const key = JSON.stringify(entry);
    if (this.#said.has(key)) return;
    this.#said.add(key);
    list.push(entry);
  }
}

type Subject = Pick<Translated, 'what' | 'place'>;

function subjectOf({ what, place }: Subject): string {
  return JSON.stringify([what, place?.file, place?.line]);
}

function at(place: Place | undefined): { readonly place?: Place } {
  return place === undefined ? {} : { place };
}

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

/** Gathers a report. The same thing said twice is said once. */
export class ReportWriter implements Report {
  readonly translated: Translated[] = [];
  readonly approximated: Approximated[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly secrets: SecretMoved[] = [];
  readonly #said = new Set<string>();

  translate(what: string, became: string, place?: Place): void {
    this.#add(this.translated, { what, became, ...at(place) });
  }

  approximate(what: string, became: string, differs: string, place?: Place): void {
    this.#add(this.approximated, { what, became, differs, ...at(place) });
  }

  leaveOut(what: string, why: string, remedy: string, place?: Place): void {
    this.#add(this.leftOut, { what, why, remedy, ...at(place) });
  }

  moveSecret(variable: string, holds: string, place?: Place): void {
    this.#add(this.secrets, { variable, holds, ...at(place) });
  }

  #add<Entry extends object>(list: Entry[], entry: Entry): void {
    const key = JSON.stringify(entry);
    if (this.#said.has(key)) return;
    this.#said.add(key);
    list.push(entry);
  }
}

function at(place: Place | undefined): { readonly place?: Place } {
  return place === undefined ? {} : { place };
}

import type { Directive } from './parse-nginx.ts';

/** Directives that have been read, whatever they came to. */
export class UsedDirectives {
  readonly #read = new Set<Directive>();
  readonly #whole = new Set<Directive>();

  add(directive: Directive): void {
    this.#read.add(directive);
  }

  /** Adds one that was spoken of with all that is in it. */
  addWhole(directive: Directive): void {
    this.#read.add(directive);
    this.#whole.add(directive);
  }

  has(directive: Directive): boolean {
    return this.#read.has(directive);
  }

  isWhole(directive: Directive): boolean {
    return this.#whole.has(directive);
  }
}

import type { UsedDirectives } from './used-directives.ts';
import type { Directive } from './parse-nginx.ts';

/** Directives as they hold in one place: those of the place itself, and of what is around it. */
export class Scope {
  /** Innermost first. */
  readonly #levels: readonly (readonly Directive[])[];
  readonly #used: UsedDirectives;

  constructor(levels: readonly (readonly Directive[])[], used: UsedDirectives) {
    this.#levels = levels;
    this.#used = used;
  }

  inside(block: readonly Directive[]): Scope {
    return new Scope([block, ...this.#levels], this.#used);
  }

  /** All directives of a name on the innermost level that has any: nginx inherits them together or not at all. */
  all(name: string): readonly Directive[] {
    for (const level of this.#levels) {
      const found = level.filter((each) => each.name === name);
      if (found.length === 0) continue;
      for (const each of found) this.#used.add(each);
      return found;
    }
    return [];
  }

  /** The last directive of a name, as nginx takes it. */
  one(name: string): Directive | undefined {
    return this.all(name).at(-1);
  }

  /** Names of directives here and around, by what they are. */
  names(wanted: RegExp): readonly string[] {
    const all = this.#levels.flatMap((level) => level.map(({ name }) => name));
    return [...new Set(all)].filter((name) => wanted.test(name));
  }

  /** All directives of a name, here and around: of those that nginx does not inherit, but obeys on their own level. */
  everywhere(name: string): readonly Directive[] {
    return this.#levels.flatMap((level) => level.filter((each) => each.name === name));
  }

  /** `allow` and `deny` in the order in which they are asked: of the innermost level that has either. */
  access(): readonly Directive[] {
    const isRule = ({ name }: Directive): boolean => name === 'allow' || name === 'deny';
    return this.#levels.find((level) => level.some(isRule))?.filter(isRule) ?? [];
  }

  /** Those of the place itself. */
  own(name: string): readonly Directive[] {
    const found = (this.#levels[0] ?? []).filter((each) => each.name === name);
    for (const each of found) this.#used.add(each);
    return found;
  }
}

/** A time of nginx in milliseconds: `30`, `30s`, `1m30s`, `500ms`; undefined for what is none. */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:\d+(?:ms|[smhdwMy])?\s*)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit = 's'] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g))
    total += Number(number) * (units[unit] ?? 1000);
  return Number.isSafeInteger(total) && total <= 24 * 86_400_000 ? total : undefined;
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** A size of nginx as the configuration writes it: `10m` is `10mb`. */
export function sizeText(text: string | undefined): string | undefined {
  const [, number, unit = ''] = /^(\d+)([kKmMgG]?)$/.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  if (Number(number) === 0) return '0';
  return `${Number(number)}${unit === '' ? 'b' : `${unit.toLowerCase()}b`}`;
}

import type { Location, Modifier } from './location-path.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import type { Scope } from './scope.ts';

/** All locations of a server, in the order in which nginx asks them, with what each leaves to others. */
export function locationsOf(
  block: readonly Directive[],
  scope: Scope,
  context: NginxContext,
): readonly Location[] {
  const all = collect(block, scope, '', context);
  const prefixes = all.filter(isPrefix);
  const locations = all.map((location): Location => {
    if (!isPrefix(location)) return location;
    if (slashed(location, prefixes) !== undefined) return { ...location, alone: true };
    // Expressions come before the longest prefix, unless it is that which has ^~.
    const except = prefixes
      .filter((other) => location.modifier === '^~' && other.modifier === '' && isBelow(other, location))
      .map(({ text }) => text.replace(/\/+$/, ''));
    return except.length === 0 ? location : { ...location, except };
  });
  return sorted(locations, prefixes);
}

function isPrefix({ modifier }: Location): boolean {
  return modifier === '' || modifier === '^~';
}

/** The location `/a/` for `/a`. */
function slashed({ text }: Location, prefixes: readonly Location[]): Location | undefined {
  return prefixes.find((other) => other.text === `${text}/`);
}

function isBelow({ text: path }: Location, { text: above }: Location): boolean {
  const prefix = above.replace(/\/+$/, '');
  return path.startsWith(`${prefix}/`) && path.length > prefix.length + 1;
}

/** All locations of a server, those in other locations too. */
function collect(
  block: readonly Directive[],
  scope: Scope,
  below: string,
  context: NginxContext,
): Location[] {
  return block.flatMap((directive): Location[] => {
    if (directive.name !== 'location' || directive.block === undefined || isNamed(directive)) return [];
    context.used.add(directive);
    const [first = '', second] = directive.args;
    const joined = /^(=|\^~|~\*|~)(.+)$/s.exec(first);
    const modifier = (second === undefined ? (joined?.[1] ?? '') : first) as Modifier;
    const text = second ?? joined?.[2] ?? first;
    const inside = scope.inside(directive.block);
    const location = { modifier, text, directive, scope: inside, below };
    const inner = collect(directive.block, inside, isPrefix(location) ? text : below, context);
    return [location, ...inner];
  });
}

/** In the order in which nginx asks: exact ones, prefixes with `^~`, expressions in their order, prefixes. */
function sorted(locations: readonly Location[], prefixes: readonly Location[]): Location[] {
  const ranks: Readonly<Record<Modifier, number>> = { '=': 0, '^~': 1, '~': 2, '~*': 2, '': 3 };
  const rank = (location: Location): number => {
    const inFront = location.alone ? slashed(location, prefixes) : undefined;
    return Math.min(ranks[location.modifier] ?? 3, ranks[inFront?.modifier ?? ''] ?? 3);
  };
  // What is for the path `/a` alone comes just before `/a/`.
  const length = ({ text, alone }: Location): number => text.length + (alone ? 1.5 : 0);
  return locations.toSorted((a, b) => {
    const order = rank(a) - rank(b);
    return order !== 0 || rank(a) === 2 || rank(a) === 0 ? order : length(b) - length(a);
  });
}

/** Whether it is a location that only others refer to. */
export function isNamed({ name, args }: Directive): boolean {
  return name === 'location' && args[0]?.startsWith('@') === true;
}

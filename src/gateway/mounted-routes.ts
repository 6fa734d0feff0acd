import type { Mistake } from '../config/mistake.ts';
import type { Config } from '../config/schema.ts';
import { nearest } from '../core/nearest.ts';

/**
 * What is wrong with the names of the routes that are mounted.
 * @param names as a program gives them, which the compiler may not have seen.
 */
export function mountedRoutesMistakes(names: unknown, { routes }: Config): Mistake[] {
  const known = routes.map(({ name }) => name);
  if (!Array.isArray(names) || names.length === 0)
    return [
      mistake('is no list of names of routes', `write some of ${listed(known)}, or leave it out for all`),
    ];
  return (names as readonly unknown[]).flatMap((name) => {
    if (typeof name === 'string' && known.includes(name)) return [];
    const meant = typeof name === 'string' ? nearest(name, known) : undefined;
    const remedy =
      meant === undefined ? `write one of ${listed(known)}` : `did you mean ${JSON.stringify(meant)}?`;
    return [mistake(`names ${shown(name)}, but the configuration has no such route`, remedy)];
  });
}

function mistake(what: string, remedy: string): Mistake {
  const found = `the option \`routes\` of the mount ${what}`;
  return {
    file: '',
    line: undefined,
    column: undefined,
    path: ['routes'],
    found,
    remedy,
    excerpt: undefined,
  };
}

function listed(names: readonly string[]): string {
  return names.slice(0, 20).map(shown).join(', ');
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100))
    : `a value of the type ${typeof value}`;
}

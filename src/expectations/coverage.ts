import type { Config } from '../config/schema.ts';

/** A policy of a list, and whether it ran in any test. */
export interface CoveredPolicy {
  readonly name: string;
  readonly covered: boolean;
}

/** A route, whether any test took it, and which of its own policies ran on it. */
export interface CoveredRoute {
  readonly name: string;
  readonly covered: boolean;
  readonly policies: readonly CoveredPolicy[];
}

/** What of a configuration the tests have met: its routes, the policies of each, and those for every route. */
export interface Coverage {
  readonly everyRoute: readonly CoveredPolicy[];
  readonly routes: readonly CoveredRoute[];
  /** Routes and policies that were met, and how many there are; a policy for every route counts once. */
  readonly covered: number;
  readonly total: number;
}

/** Gathers what tests of one configuration meet. */
export class CoverageRecord {
  readonly #config: Config;
  /** By the name of the route, '' for none: how many of its policies were reached at most, those for every route first. */
  readonly #reached = new Map<string, number>();

  constructor(config: Config) {
    this.#config = config;
  }

  /** @param asked how many of the route's policies were reached. */
  met(route: string, asked: number): void {
    this.#reached.set(route, Math.max(this.#reached.get(route) ?? 0, asked));
  }

  get coverage(): Coverage {
    const { policies, routes } = this.#config;
    const furthest = Math.max(0, ...this.#reached.values());
    const everyRoute = policies.map(({ name }, index) => ({ name, covered: index < furthest }));
    const covered = routes.map((route): CoveredRoute => {
      const asked = this.#reached.get(route.name);
      return {
        name: route.name,
        covered: asked !== undefined,
        policies: route.policies.map(({ name }, index) => ({
          name,
          covered: policies.length + index < (asked ?? 0),
        })),
      };
    });
    const all = [...everyRoute, ...covered.flatMap((route) => [route, ...route.policies])];
    return {
      everyRoute,
      routes: covered,
      covered: all.filter((each) => each.covered).length,
      total: all.length,
    };
  }
}

/** Whole percent, rounded down, so that 100 means everything. */
export function percentOf({ covered, total }: Pick<Coverage, 'covered' | 'total'>): number {
  return total === 0 ? 100 : Math.floor((covered / total) * 100);
}

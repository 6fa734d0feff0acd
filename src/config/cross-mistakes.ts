import type { PolicyDefinition } from '../core/policy.ts';
import { cacheMistakes } from './checks/cache.ts';
import { identityMistakes } from './checks/identity.ts';
import { listenerMistakes } from './checks/listeners.ts';
import { regExpMistakes, type RegExpVerdicts } from './checks/regular-expressions.ts';
import { nameMistakes, routeMistakes } from './checks/routes.ts';
import { unreachableRoutes } from './checks/unreachable-routes.ts';
import { upstreamMistakes } from './checks/upstreams.ts';
import type { DocumentView } from './document-view.ts';
import type { Finding } from './finding.ts';

/**
 * The mistakes that no key shows by itself: names that do not exist, options that exclude each other, routes that can
 * never win, loops, regular expressions that take for ever. Gives way now and then; see {@link regExpMistakes}.
 */
export function* crossMistakes(
  view: DocumentView,
  policies: readonly PolicyDefinition[],
  verdicts: RegExpVerdicts,
): Generator<undefined, Finding[], void> {
  return [
    ...listenerMistakes(view),
    ...identityMistakes(view),
    ...cacheMistakes(view),
    ...upstreamMistakes(view),
    ...nameMistakes(view),
    ...routeMistakes(view, policies),
    ...unreachableRoutes(view),
    ...(yield* regExpMistakes(view, verdicts)),
  ];
}

/** Runs the checks to their end, without giving way. */
export function allCrossMistakes(view: DocumentView, policies: readonly PolicyDefinition[]): Finding[] {
  const checks = crossMistakes(view, policies, new Map());
  let step = checks.next();
  while (step.done !== true) step = checks.next();
  return step.value;
}

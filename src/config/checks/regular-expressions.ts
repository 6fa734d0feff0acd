import { splitRemedy } from '../../core/remedy.ts';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { isMapping, valueAt } from '../plain-value.ts';
import { backtrackingMistake, regExpMistake } from '../safe-reg-exp.ts';

/** What was found about regular expressions, by their source. Kept between reloads, it saves judging them again. */
export type RegExpVerdicts = Map<string, string | undefined>;

/** Milliseconds spent on bad expressions after which the rest is left unjudged: the file is refused anyway. */
const patience = 5000;

type Place = readonly [source: string, path: readonly (string | number)[]];

/**
 * Regular expressions that can backtrack badly. Gives way after each one that had to be judged, so that a gateway that
 * reloads can go on serving in between; a caller that is in no hurry runs it to its end.
 */
export function* regExpMistakes(
  view: DocumentView,
  verdicts: RegExpVerdicts,
): Generator<undefined, Finding[], void> {
  const findings: Finding[] = [];
  let wasted = 0;
  for (const [source, path] of [...view.routes.flatMap(placesOf), ...writtenPlaces(view)]) {
    if (!verdicts.has(source)) {
      if (wasted > patience) {
        findings.push({
          path,
          found: 'the regular expression was not checked: others took too long',
          remedy: 'mend the others first',
        });
        continue;
      }
      const start = performance.now();
      const verdict = backtrackingMistake(source);
      if (verdict !== undefined) wasted += performance.now() - start;
      verdicts.set(source, verdict);
      yield;
    }
    const verdict = verdicts.get(source);
    if (verdict === undefined) continue;
    const { found, remedy } = splitRemedy(verdict);
    findings.push({ path, found, remedy: remedy ?? '' });
  }
  return findings;
}

function placesOf({ path, headers, query }: DocumentView['routes'][number], index: number): Place[] {
  const at = ['routes', index];
  const places: Place[] = path?.type === 'regex' ? [[path.value, [...at, 'path', 'regex']]] : [];
  for (const [key, matches] of [
    ['headers', headers],
    ['query', query],
  ] as const) {
    for (const { name, match } of matches ?? []) {
      if (match.type === 'regex') places.push([match.value, [...at, key, name, 'regex']]);
    }
  }
  return places;
}

/**
 * Those of routes whose other conditions have mistakes, for one mistake must not hide the next.
 */
function writtenPlaces({ raw, routes }: DocumentView): Place[] {
  return routes.flatMap((route, index) => {
    const at = ['routes', index];
    const keys = (['path', 'headers', 'query'] as const).filter((key) => route[key] === undefined);
    return keys.flatMap((key): Place[] => {
      const value = valueAt(raw, [...at, key]);
      const paths =
        key === 'path' || !isMapping(value) ? [[key]] : Object.keys(value).map((name) => [key, name]);
      return paths.flatMap((path): Place[] => {
        const source = valueAt(raw, [...at, ...path, 'regex']);
        const judged = typeof source === 'string' && regExpMistake(source) === undefined;
        return judged ? [[source, [...at, ...path, 'regex']]] : [];
      });
    });
  });
}

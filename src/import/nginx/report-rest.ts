import type { Place, Report } from '../report.ts';
import { directiveText } from './directive-text.ts';
import { knownDirective } from './known-directives.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';

/** Says what became of directives that nobody has spoken of. */
export function reportRest(top: readonly Directive[], { report, used }: NginxContext): void {
  const said = subjectsByPlace(report);
  const rest = (list: readonly Directive[]): void => {
    for (const directive of list) {
      const { name, place, block } = directive;
      const what = directiveText(directive);
      if (used.has(directive)) {
        const isSaid = said.get(placeKey(place))?.some((subject) => subject.includes(name)) === true;
        if (!isSaid && !containers.has(name))
          report.translate(what, 'nothing: it is off, or changes nothing', place);
        if (block !== undefined && !used.isWhole(directive)) rest(block);
        continue;
      }
      const about = knownDirective(name);
      if (about === undefined) report.translate(what, 'nothing: it is about nginx itself', place);
      else report.leaveOut(what, about.why, about.remedy, place);
    }
  };
  rest(top);
}

/** Directives that say nothing but what is in them. */
const containers: ReadonlySet<string> = new Set(['http', 'server']);

function subjectsByPlace({
  translated,
  approximated,
  leftOut,
}: Report): ReadonlyMap<string, readonly string[]> {
  const subjects = new Map<string, string[]>();
  for (const { what, place } of [...translated, ...approximated, ...leftOut]) {
    const key = placeKey(place);
    const known = subjects.get(key);
    if (known === undefined) subjects.set(key, [what]);
    else known.push(what);
  }
  return subjects;
}

function placeKey(place: Place | undefined): string {
  return place === undefined ? '' : `${place.file}:${place.line ?? ''}`;
}

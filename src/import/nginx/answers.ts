import type { DraftPolicy } from '../draft.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import { partsOf, templateOf } from './variables.ts';

/** The policy for `return`, and for a `rewrite` that sends clients away. */
export function readReturn(
  directive: Directive,
  known: ReadonlyMap<string, string>,
  context: NginxContext,
): DraftPolicy {
  const { report } = context;
  const what = directiveText(directive);
  const [first = '', second] = directive.args;
  const status = /^\d{3}$/.test(first) ? Number(first) : 302;
  const text = /^\d{3}$/.test(first) ? second : first;
  if ([301, 302, 303, 307, 308].includes(status) && text !== undefined) {
    return readRedirect(directive, text, status, known, context);
  }
  const usable = status >= 200 && status <= 599 && text === undefined;
  if (usable) {
    report.translate(what, `the policy respond: status ${status}`, directive.place);
    return { name: 'respond', options: { status } };
  }
  if (text !== undefined && status >= 200 && status <= 599 && ![204, 205, 304].includes(status)) {
    const constant = partsOf(text).every((part) => typeof part === 'string');
    const template = constant ? text : templateOf(text, known);
    if (template !== undefined) {
      report.translate(`return ${status} …`, 'the policy respond', directive.place);
      return {
        name: 'respond',
        options: { status, body: template, ...(constant ? {} : { template: true }) },
      };
    }
  }
  report.leaveOut(
    what,
    'there is no answer such as this',
    'the policy respond; until then it is 404',
    directive.place,
  );
  return { name: 'respond', options: { status: 404 } };
}

function readRedirect(
  directive: Directive,
  text: string,
  status: number,
  known: ReadonlyMap<string, string>,
  { report }: NginxContext,
): DraftPolicy {
  const what = directiveText(directive);
  // The query goes along by itself.
  const place = text.replace(/\$\{?request_uri\}?$/, '${uri}').replace(/\$\{?is_args\}?\$\{?args\}?$/, '');
  const whole = place !== text || partsOf(text).every((part) => typeof part === 'string');
  const scheme = /^\$\{?scheme\}?:\/\//.exec(place)?.[0];
  const to = templateOf(scheme === undefined ? place : place.slice(scheme.length - 2), known);
  if (to === undefined || (scheme !== undefined && to.startsWith('//'))) {
    if (to === undefined || scheme === undefined) {
      report.leaveOut(
        what,
        'where it leads cannot be said',
        'the policy redirect; until then it is 404',
        directive.place,
      );
      return { name: 'respond', options: { status: 404 } };
    }
    report.approximate(
      what,
      'the policy redirect',
      'it leads to http://: a redirect cannot keep the scheme of the request',
      directive.place,
    );
    return { name: 'redirect', options: { to: `http:${to}`, status, keepQuery: place !== text } };
  }
  if (whole) report.translate(what, 'the policy redirect', directive.place);
  else report.approximate(what, 'the policy redirect', 'paths are canonical in it', directive.place);
  return { name: 'redirect', options: { to, status, ...(place === text && { keepQuery: false }) } };
}

/** What the gateway answers where nginx did something that it does not: not the next best route. */
export function readFiles(what: string): DraftPolicy {
  return {
    name: 'respond',
    options: { status: 404 },
    comment: `nginx answered this itself, by ${what}: write an upstream that does.`,
  };
}

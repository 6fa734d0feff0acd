import { addBasic } from './header-options.ts';
import { approximated, leftOut, translated, type OptionsPlan, type Verdict } from './options-plan.ts';
import { label, say, type OptionsReader } from './options-reader.ts';
import { targetOf } from './read-target.ts';
import type { Described } from './recorder/recording.ts';

/** `target`. */
export function readTargetOption(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type === 'plain' && value.value === null) {
    say(reader, 'target', value, translated('nothing: it asks for nothing'));
    return;
  }
  const target = targetOf(value);
  if ('verdict' in target) {
    say(reader, 'target', label('a target'), target.verdict);
    return;
  }
  plan.target = target;
  if (target.credentials !== undefined) addBasic(target.credentials, 'the target', plan, reader);
  say(
    reader,
    'target',
    label(`${target.url}${target.path}`),
    target.query === ''
      ? translated('an upstream')
      : approximated(
          'an upstream',
          'the query of the target is left out; the query of the request goes on as it came',
        ),
  );
}

/** `router`: a table of targets. */
export function readRouter(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    const verdict = leftOut(
      'which target a request goes to is decided by the program',
      'write a route with host, path or headers for each target, or a policy in TypeScript',
    );
    say(reader, 'router', value, verdict);
    return;
  }
  if (value.entries.length === 0) say(reader, 'router', value, translated('nothing: the table is empty'));
  for (const [key, entry] of value.entries) {
    const subject = `router[${JSON.stringify(key)}]`;
    const target = targetOf(entry);
    if ('verdict' in target) {
      say(reader, subject, label('a target'), target.verdict);
      continue;
    }
    const slash = key.indexOf('/');
    const host = slash === -1 ? key : key.slice(0, slash);
    const path = slash === -1 ? undefined : key.slice(slash);
    plan.table.push({
      target,
      ...(host !== '' && { host: host.replace(/:\d+$/, '') }),
      ...(path !== undefined && { path }),
    });
    say(reader, subject, label(`${target.url}${target.path}`), routerVerdict(host, path));
  }
}

function routerVerdict(host: string, path: string | undefined): Verdict {
  if (/:\d+$/.test(host)) return approximated('a route', 'the port in Host is not looked at');
  if (path !== undefined && !path.endsWith('/'))
    return approximated(
      'a route',
      `what merely begins with ${path} without a slash behind it is not among it`,
    );
  return translated('a route');
}

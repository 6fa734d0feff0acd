import { isFieldValue, isToken } from '../../http/field.ts';
import { literal, type Draft } from '../draft.ts';
import { prefixRule } from '../path-change.ts';
import type { Place, ReportWriter } from '../report.ts';
import { isSecretHeader, moveSecret } from '../secret-texts.ts';
import {
  approximated,
  leftOut,
  shown,
  translated,
  type OptionsPlan,
  type Said,
  type Verdict,
} from './options-plan.ts';
import { targetOf } from './read-target.ts';
import type { Described } from './recorder/recording.ts';
import { remedyForEvent, simpleOptions } from './simple-options.ts';

/** What is said about a call while its options are read. */
export interface OptionsReader {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly place: Place | undefined;
  readonly said: Said[];
}

/**
 * Reads the options of a call: what they come to, and exactly one verdict for each thing that they say (an option, an
 * event, a header, an entry of a table).
 */
export function readOptions(
  entries: readonly (readonly [key: string, value: Described])[],
  reader: OptionsReader,
): OptionsPlan {
  const plan: OptionsPlan = {
    table: [],
    filterUnknown: false,
    rewrites: [],
    rewriteUnknown: false,
    changeOrigin: false,
    headers: {},
    secure: true,
    prependPath: true,
    ignorePath: false,
  };
  // Which target it is decides what `secure` does, whatever comes first in the object.
  const target = entries.find(([key]) => key === 'target');
  if (target !== undefined) readTargetOption(target[1], plan, reader);
  for (const [key, value] of entries) if (key !== 'target') readOption(key, value, plan, reader);
  return plan;
}

/** Adds a verdict. */
function say(reader: OptionsReader, subject: string, value: Described, verdict: Verdict): void {
  const place = placeOf(value) ?? reader.place;
  reader.said.push({ subject, value: shown(value), verdict, ...(place !== undefined && { place }) });
}

function placeOf(value: Described): Place | undefined {
  return value.type === 'function' ? value.place : undefined;
}

function readOption(key: string, value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type === 'plain' && value.value === null) {
    say(reader, key, value, translated('nothing: it asks for nothing'));
    return;
  }
  const composed = composedOptions.get(key);
  if (composed !== undefined) composed(value, plan, reader);
  else {
    const simple = simpleOptions.get(key);
    say(reader, key, value, simple === undefined ? unknownOption(key) : simple(value, plan));
  }
}

function unknownOption(key: string): Verdict {
  return leftOut(
    `there is nothing known by the name of ${key}`,
    'look whether it is needed; docs/configuration.md lists what there is',
  );
}

/** Options that say several things, or need more than their value. */
const composedOptions: ReadonlyMap<
  string,
  (value: Described, plan: OptionsPlan, reader: OptionsReader) => void
> = new Map([
  ['router', readRouter],
  ['pathFilter', readFilter],
  ['pathRewrite', readRewrite],
  ['headers', readHeaders],
  ['auth', readAuth],
  ['on', readEvents],
]);

function readTargetOption(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type === 'plain' && value.value === null) {
    say(reader, 'target', value, translated('nothing: it asks for nothing'));
    return;
  }
  const target = targetOf(value);
  if ('verdict' in target) {
    say(reader, 'target', { type: 'other', what: 'a target', entries: [] }, target.verdict);
    return;
  }
  plan.target = target;
  if (target.credentials !== undefined) addBasic(target.credentials, 'the target', plan, reader);
  const label: Described = { type: 'other', what: `${target.url}${target.path}`, entries: [] };
  say(
    reader,
    'target',
    label,
    target.query === ''
      ? translated('an upstream')
      : approximated(
          'an upstream',
          'the query of the target is left out; the query of the request goes on as it came',
        ),
  );
}

function readRouter(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
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
      say(reader, subject, { type: 'other', what: 'a target', entries: [] }, target.verdict);
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
    const label: Described = { type: 'other', what: `${target.url}${target.path}`, entries: [] };
    say(reader, subject, label, routerVerdict(host, path));
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

function readFilter(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  const texts = value.type === 'list' ? value.items : [value];
  const filters = texts.flatMap((item) =>
    item.type === 'plain' && typeof item.value === 'string' ? [item.value] : [],
  );
  if (filters.length < texts.length || filters.length === 0) {
    plan.filterUnknown = true;
    const verdict = leftOut(
      'which requests are proxied is decided by the program, so that there is no route for it',
      'write a route with path, method, headers or query that say the same',
    );
    say(reader, 'pathFilter', value, verdict);
    return;
  }
  plan.filters = filters;
  const exact = filters.every((filter) => filter.endsWith('/') || /^\/[^*?[\]{}!]*\/\*\*$/.test(filter));
  const differs = filters.some(isGlob)
    ? 'a glob became an expression or a prefix, which end at a slash'
    : 'what merely begins with the path, such as /apis for /api, is not among it: a prefix ends at a slash';
  say(reader, 'pathFilter', value, exact ? translated('paths') : approximated('paths', differs));
}

/** As http-proxy-middleware tells globs from paths, more or less. */
export function isGlob(filter: string): boolean {
  return /[*?[\]{}!]|\([^)]*\|/.test(filter);
}

function readRewrite(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    plan.rewriteUnknown = true;
    const verdict = leftOut(
      'the path is made by the program',
      'write stripPrefix or rewrite on the route; the path goes on unchanged until then',
    );
    say(reader, 'pathRewrite', value, verdict);
    return;
  }
  if (value.entries.length === 0)
    say(reader, 'pathRewrite', value, translated('nothing: the table is empty'));
  for (const [source, replacement] of value.entries) {
    const subject = `pathRewrite[${JSON.stringify(source)}]`;
    const to =
      replacement.type === 'plain' && typeof replacement.value === 'string' ? replacement.value : undefined;
    const rule = to === undefined ? undefined : prefixRule(source, to);
    if (rule === undefined || rule.whole) {
      plan.rewriteUnknown = true;
      const verdict = leftOut(
        'it is no rule about how a path begins',
        'write a route with path: { regex: … } and rewrite; the path goes on unchanged until then',
      );
      say(reader, subject, replacement, verdict);
      continue;
    }
    plan.rewrites.push({ ...rule, subject });
    const verdict =
      rule.from.length > 1 && rule.from.endsWith('/') && rule.to !== rule.from
        ? approximated('stripPrefix or rewrite', `${rule.from.slice(0, -1)} itself is rewritten too`)
        : translated('stripPrefix or rewrite');
    say(reader, subject, replacement, verdict);
  }
}

/** What the gateway writes itself, or never passes on. */
const ownHeaders =
  /^(?:host|connection|content-length|expect|forwarded|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|via|x-forwarded-(?:for|host|proto)|x-real-ip)$/i;

function readHeaders(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    say(
      reader,
      'headers',
      value,
      leftOut('these are no plain headers', 'write a policy headers on the route'),
    );
    return;
  }
  if (value.entries.length === 0) say(reader, 'headers', value, translated('nothing: there are none'));
  for (const [name, header] of value.entries) {
    const subject = `headers.${name}`;
    const text =
      header.type === 'plain' && header.value !== null && typeof header.value !== 'boolean'
        ? String(header.value)
        : undefined;
    const hidden: Described = { type: 'other', what: '…', entries: [] };
    if (ownHeaders.test(name)) {
      const remedy = /^host$/i.test(name)
        ? 'give the upstream the host as its target, or set preserveHost'
        : 'leave it to the gateway';
      say(reader, subject, hidden, leftOut(`${name} is written by the gateway itself`, remedy));
    } else if (
      text === undefined ||
      text === '' ||
      !isToken(name) ||
      !isFieldValue(text) ||
      name in plan.headers
    ) {
      say(
        reader,
        subject,
        hidden,
        leftOut('this is no header that can be sent', 'write it as a text under headers'),
      );
    } else {
      const secret = isSecretHeader(name, text);
      plan.headers[name] = secret
        ? moveSecret(
            reader.draft,
            reader.report,
            name,
            text,
            `the header ${name} for the service`,
            reader.place,
          )
        : literal(text);
      say(reader, subject, hidden, translated('the policy headers'));
    }
  }
}

function readAuth(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  const hidden: Described = { type: 'other', what: '…', entries: [] };
  if (value.type !== 'plain' || typeof value.value !== 'string') {
    say(reader, 'auth', hidden, leftOut('it is no text', 'set Authorization with the policy headers'));
    return;
  }
  addBasic(value.value, 'the option auth', plan, reader);
  say(reader, 'auth', hidden, translated('the policy headers'));
}

function addBasic(credentials: string, from: string, plan: OptionsPlan, reader: OptionsReader): void {
  const name =
    Object.keys(plan.headers).find((each) => each.toLowerCase() === 'authorization') ?? 'Authorization';
  plan.headers[name] = `Basic ${moveSecret(
    reader.draft,
    reader.report,
    `${plan.target === undefined ? '' : new URL(plan.target.url).hostname} basic credentials`,
    Buffer.from(credentials).toString('base64'),
    `the base64 of user:password from ${from} (printf %s 'user:password' | base64)`,
    reader.place,
  )}`;
}

function readEvents(value: Described, _plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    say(reader, 'on', value, leftOut('these are no listeners by name', 'write a policy in TypeScript'));
    return;
  }
  if (value.entries.length === 0) say(reader, 'on', value, translated('nothing: nobody listens'));
  for (const [event, listener] of value.entries) {
    const verdict =
      listener.type === 'function' && listener.name === 'fixRequestBody'
        ? translated('nothing: bodies go on as they came')
        : leftOut('what a listener does is known to the program only', remedyForEvent(event));
    say(reader, `on.${event}`, listener, verdict);
  }
}

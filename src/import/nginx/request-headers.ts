import { isFieldValue, isToken } from '../../http/field.ts';
import { literal, type DraftPolicy } from '../draft.ts';
import type { ReportWriter } from '../report.ts';
import { isSecretHeader, moveSecret } from '../secret-texts.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import type { Scope } from './scope.ts';
import { partsOf, templateOf } from './variables.ts';

/** What headers of a location come to. */
export interface HeaderPlan {
  readonly preserveHost: boolean;
  readonly policies: readonly DraftPolicy[];
}

/** Headers that tell of the client, which the gateway writes by itself. */
const forwarding = /^(?:x-forwarded-(?:for|host|proto)|x-real-ip|forwarded|via)$/i;
const framing =
  /^(?:connection|upgrade|content-length|transfer-encoding|te|keep-alive|expect|http2-settings)$/i;

interface Edits {
  readonly set: Record<string, string>;
  readonly remove: string[];
}

/** Reads `proxy_set_header`, `add_header` and the like. */
export function readHeaders(
  scope: Scope,
  group: boolean,
  known: ReadonlyMap<string, string>,
  context: NginxContext,
): HeaderPlan {
  const request: Edits = { set: {}, remove: [] };
  let preserveHost = false;
  let host: Directive | undefined;
  for (const directive of scope.all('proxy_set_header')) {
    const [name = '', value = ''] = directive.args;
    if (/^host$/i.test(name)) {
      host = directive;
      preserveHost = readHost(directive, value, context);
    } else readRequestHeader(directive, name, value, request, known, context);
  }
  if (host === undefined && group) {
    context.report.approximate(
      'Host as nginx sets it by itself ($proxy_host)',
      'the host and port of the target',
      'nginx names the upstream block in Host, which services rarely look at',
    );
  }
  const response = readResponseHeaders(scope, known, context);
  const options = { ...edits('request', request), ...edits('response', response) };
  const policies = Object.keys(options).length === 0 ? [] : [{ name: 'headers', options }];
  return { preserveHost, policies };
}

function edits(
  direction: string,
  { set, remove, add = {} }: Edits & { readonly add?: Record<string, unknown> },
) {
  const some = {
    ...(remove.length > 0 && { remove }),
    ...(Object.keys(set).length > 0 && { set }),
    ...(Object.keys(add).length > 0 && { add }),
  };
  return Object.keys(some).length === 0 ? {} : { [direction]: some };
}

function readHost(directive: Directive, value: string, { report }: NginxContext): boolean {
  const what = directiveText(directive);
  switch (value) {
    case '$http_host':
    case '$host:$server_port':
      report.translate(what, 'preserveHost: true', directive.place);
      return true;
    case '$host':
      report.approximate(
        what,
        'preserveHost: true',
        'the service sees Host as the client sent it, with the port if it names one',
        directive.place,
      );
      return true;
    case '$proxy_host':
      report.translate(what, 'what Waygate does by itself', directive.place);
      return false;
    default:
      report.leaveOut(
        what,
        'a service sees its own host, or the one that the client asked',
        'name the service by that host in its upstream, or set preserveHost',
        directive.place,
      );
      return false;
  }
}

function readRequestHeader(
  directive: Directive,
  name: string,
  value: string,
  request: Edits,
  known: ReadonlyMap<string, string>,
  { draft, report, upgradeVariables }: NginxContext,
): void {
  // Constants are not shown: what is secret in them has no sure sign.
  const what = value.includes('$') ? directiveText(directive) : `proxy_set_header ${name}`;
  const { place } = directive;
  if (/^(?:upgrade|connection)$/i.test(name)) readUpgrade(directive, value, upgradeVariables, report);
  else if (forwarding.test(name)) readForwarding(directive, name, value, report);
  else if (framing.test(name) || !isToken(name)) {
    report.leaveOut(what, 'it is the engine’s, or no name of a header', 'leave it to the gateway', place);
  } else if (value === '') {
    request.remove.push(name);
    report.translate(`${what} ""`, 'the policy headers', place);
  } else {
    const template = templateOf(oneLine(value), known);
    if (template === undefined || !isFieldValue(template)) {
      report.leaveOut(
        what,
        'nothing stands for a variable in its value, or it is none that could be sent',
        'docs/policies.md lists the variables that there are',
        place,
      );
      return;
    }
    const constant = !/(?<!\$)\$\{/.test(template);
    const plain = template.replaceAll('$${', '${');
    const secret = isSecretHeader(name, plain);
    if (secret && !constant && hasSecretPart(value)) {
      report.leaveOut(
        what,
        'it is made of a secret and of variables',
        'write it under the policy headers, with the secret as a variable of the environment',
        place,
      );
      return;
    }
    request.set[name] =
      constant && secret
        ? moveSecret(draft, report, name, plain, `the header ${name} for the service`, place)
        : template;
    report.translate(what, 'the policy headers', place);
  }
}

/** More than any header has. */
const maxLooked = 10_000;

/** Whether there is more between variables than the name of a scheme or of a cookie. */
function hasSecretPart(value: string): boolean {
  return partsOf(value).some(
    (part) =>
      typeof part === 'string' &&
      part.slice(0, maxLooked).replace(/^\s*(?:bearer|basic|token|apikey)\b|[\w-]+=|[\s:;,]/gi, '') !== '',
  );
}

/** nginx sends line breaks as they are, which no service should take. */
function oneLine(value: string): string {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  return lines.join(' ').trim();
}

/** What opens WebSockets, which the gateway does by itself. */
function readUpgrade(
  directive: Directive,
  value: string,
  upgradeVariables: ReadonlySet<string>,
  report: ReportWriter,
): void {
  const [variable] = partsOf(value);
  const upgrading =
    value === '$http_upgrade' ||
    value === '' ||
    /^(?:upgrade|close)$/i.test(value) ||
    (typeof variable === 'object' && upgradeVariables.has(variable.variable));
  if (upgrading)
    report.translate(
      directiveText(directive),
      'what Waygate does by itself: WebSockets are relayed',
      directive.place,
    );
  else
    report.leaveOut(
      directiveText(directive),
      'it is about one connection',
      'leave it to the gateway',
      directive.place,
    );
}

/** What tells of the client, which the gateway does by itself. */
function readForwarding(directive: Directive, name: string, value: string, report: ReportWriter): void {
  const { place } = directive;
  const usual =
    /^\$(?:proxy_add_x_forwarded_for|remote_addr|scheme|host|http_host|http_x_forwarded_\w+|realip_remote_addr)$/.test(
      value,
    );
  if (/^x-real-ip$/i.test(name))
    report.approximate(
      directiveText(directive),
      'X-Forwarded-For',
      'the address stands in X-Forwarded-For; X-Real-IP is not sent',
      place,
    );
  else if (usual) report.translate(directiveText(directive), 'what Waygate does by itself', place);
  else
    report.leaveOut(
      directiveText(directive),
      `${name} is written by the gateway itself`,
      'see forwarded and trustedProxies in docs/configuration.md',
      place,
    );
}

function readResponseHeaders(scope: Scope, known: ReadonlyMap<string, string>, { report }: NginxContext) {
  const add: Record<string, string | string[]> = {};
  const remove: string[] = [];
  for (const directive of scope.all('add_header')) {
    const [name = '', value = '', always] = directive.args;
    const template = templateOf(oneLine(value), known);
    if (!template || !isFieldValue(template) || !isToken(name) || framing.test(name)) {
      report.leaveOut(
        directiveText(directive),
        'it is no header that could be written',
        'see the policy headers',
        directive.place,
      );
      continue;
    }
    const before = add[name];
    add[name] = before === undefined ? template : [...(Array.isArray(before) ? before : [before]), template];
    if (always === 'always')
      report.translate(directiveText(directive), 'the policy headers', directive.place);
    else
      report.approximate(
        directiveText(directive),
        'the policy headers',
        'errors have it too',
        directive.place,
      );
  }
  for (const directive of scope.all('proxy_hide_header')) {
    remove.push(literal(directive.args[0] ?? ''));
    report.translate(directiveText(directive), 'the policy headers', directive.place);
  }
  return { set: {}, add, remove };
}

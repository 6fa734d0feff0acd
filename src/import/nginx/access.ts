import { isIP } from 'node:net';
import { closedDoor, type DraftPolicy } from '../draft.ts';
import { readDoors } from './closed-doors.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Scope } from './scope.ts';
import { constantOf } from './variables.ts';

/** Who may come in: what says so and cannot be translated lets nobody in. */
export function readAccess(
  scope: Scope,
  internals: ReadonlyMap<string, string>,
  constants: ReadonlyMap<string, string>,
  context: NginxContext,
): readonly DraftPolicy[] {
  const satisfy = scope.one('satisfy');
  const policies = [
    ...readAddresses(scope, context),
    ...readBasic(scope, context),
    ...readAuthRequest(scope, internals, constants, context),
    ...readDoors(scope, context),
  ];
  if (satisfy?.args[0] !== 'any' || policies.length < 2) return policies;
  context.report.leaveOut(
    directiveText(satisfy),
    'all policies of a route must let a request pass',
    'the policy any-of, for those that say who is asking',
    satisfy.place,
  );
  return [closedDoor('satisfy any')];
}

function readAddresses(scope: Scope, { report, used }: NginxContext): readonly DraftPolicy[] {
  const rules = scope.access();
  if (rules.length === 0) return [];
  for (const rule of rules) used.add(rule);
  const [first] = rules;
  const what = rules.map(directiveText).join('; ');
  const allow: string[] = [];
  const deny: string[] = [];
  let end: 'allow' | 'deny' = 'allow';
  for (const { name, args } of rules) {
    const [address = ''] = args;
    if (address === 'all') {
      end = name === 'deny' ? 'deny' : 'allow';
      break;
    }
    if (!isNetwork(address)) {
      report.leaveOut(what, `"${address}" is no address`, 'the policy ip-filter', first?.place);
      return [closedDoor(what)];
    }
    // The first rule that matches counts, and `deny` is looked at first here.
    if (name === 'deny' && allow.length > 0 && end === 'allow' && !mayReorder(rules)) {
      report.leaveOut(
        what,
        'the order of allow and deny cannot be kept',
        'the policy ip-filter: deny is looked at first',
        first?.place,
      );
      return [closedDoor(what)];
    }
    (name === 'deny' ? deny : allow).push(address);
  }
  if (end === 'deny' && allow.length === 0) {
    report.translate(what, 'the policy respond: status 403', first?.place);
    return [{ name: 'respond', options: { status: 403 }, protects: true }];
  }
  // Where all others may pass, those that are named have nothing to gain from it.
  const options = { ...(end === 'deny' && { allow }), ...(deny.length > 0 && { deny }) };
  if (Object.keys(options).length === 0) {
    report.translate(what, 'nothing: everybody may pass', first?.place);
    return [];
  }
  report.translate(what, 'the policy ip-filter', first?.place);
  return [{ name: 'ip-filter', options, protects: true }];
}

/** Whether denied addresses come before allowed ones, or there are no allowed ones but all. */
function mayReorder(rules: readonly { readonly name: string; readonly args: readonly string[] }[]): boolean {
  const named = rules.filter(({ args }) => args[0] !== 'all').map(({ name }) => name);
  const lastDeny = named.lastIndexOf('deny');
  const firstAllow = named.indexOf('allow');
  return lastDeny === -1 || firstAllow === -1 || lastDeny < firstAllow;
}

function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  return isIP(address) !== 0 && more === undefined && (bits === undefined || /^\d{1,3}$/.test(bits));
}

function readBasic(scope: Scope, { report }: NginxContext): readonly DraftPolicy[] {
  const basic = scope.one('auth_basic');
  scope.one('auth_basic_user_file');
  if (basic === undefined || basic.args[0] === 'off') return [];
  report.leaveOut(
    directiveText(basic),
    'the digests in the file of users may be of kinds that are not taken, and are not read',
    'the policy basic-auth: "waygate user create NAME" prints an entry; those of htpasswd -B may be copied',
    basic.place,
  );
  return [closedDoor('auth_basic')];
}

function readAuthRequest(
  scope: Scope,
  internals: ReadonlyMap<string, string>,
  constants: ReadonlyMap<string, string>,
  { report }: NginxContext,
): readonly DraftPolicy[] {
  const asked = scope.one('auth_request');
  if (asked === undefined || asked.args[0] === 'off') return [];
  const what = directiveText(asked);
  const written = internals.get(asked.args[0] ?? '');
  const url = written === undefined ? undefined : constantOf(written, constants);
  if (url === undefined || !URL.canParse(url)) {
    report.leaveOut(
      what,
      'which service is asked is not plain to see',
      'the policy forward-auth: { url: … }',
      asked.place,
    );
    return [closedDoor('auth_request')];
  }
  const headers: string[] = [];
  for (const directive of scope.all('auth_request_set')) {
    const [variable = '', value = ''] = directive.args;
    const from = /^\$upstream_http_(\w+)$/.exec(value)?.[1]?.replaceAll('_', '-');
    const to = scope.all('proxy_set_header').find(({ args }) => args[1] === variable)?.args[0];
    if (from !== undefined && to?.toLowerCase() === from.toLowerCase()) {
      headers.push(to);
      report.translate(directiveText(directive), `responseHeaders: [${to}]`, directive.place);
    } else {
      report.leaveOut(
        directiveText(directive),
        'headers of the answer go on under their own names',
        'responseHeaders of the policy forward-auth',
        directive.place,
      );
    }
  }
  report.approximate(
    what,
    'the policy forward-auth',
    'the service is told method, host and path in X-Forwarded-Method, -Host and -Uri, and by itself only Authorization and Cookie (requestHeaders)',
    asked.place,
  );
  const options = { url, ...(headers.length > 0 && { responseHeaders: headers }) };
  return [{ name: 'forward-auth', options, protects: true }];
}

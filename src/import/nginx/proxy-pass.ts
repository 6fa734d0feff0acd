import { durationText, type DraftTarget } from '../draft.ts';
import { nameByAddress, nameByHost, upstreamFor } from '../upstream-names.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import { timeOf, type Scope } from './scope.ts';
import { constantOf, partsOf } from './variables.ts';

/** Where a location passes requests on to. */
export interface ProxyPass {
  readonly upstream: string;
  /** The path that takes the place of the location's; undefined where the request's goes on as it is. */
  readonly uri: string | undefined;
  /** Whether nginx would name the group rather than a host in Host. */
  readonly group: boolean;
}

/** Reads `proxy_pass`, and adds its upstream to the draft; what cannot be is reported. */
export function readProxyPass(
  directive: Directive,
  scope: Scope,
  name: string,
  constants: ReadonlyMap<string, string>,
  context: NginxContext,
): ProxyPass | undefined {
  const { report } = context;
  const what = directiveText(directive);
  const [written = ''] = directive.args;
  const [, scheme = '', authority = '', uri] =
    /^(https?):\/\/([^/?#]+?)([/?#].*|\$.*)?$/s.exec(withConstants(written, constants)) ?? [];
  if (
    scheme === '' ||
    partsOf(authority).some((part) => typeof part !== 'string') ||
    authority.startsWith('unix:')
  ) {
    report.leaveOut(
      what,
      authority.startsWith('unix:')
        ? 'an upstream cannot be a Unix socket'
        : 'the target is not known before a request comes, or is no http:// or https://',
      'write an upstream with the address of the service',
      directive.place,
    );
    return undefined;
  }
  const group = context.upstreams.get(authority);
  const targets =
    group === undefined ? [{ url: `${scheme}://${authority}` }] : targetsOf(group, scheme, context);
  if (targets.length === 0 || !targets.every(({ url }) => URL.canParse(url))) {
    report.leaveOut(
      what,
      'there is no address in it',
      'write an upstream with the address of the service',
      directive.place,
    );
    return undefined;
  }
  const settings = {
    ...timeoutsOf(scope, context),
    ...groupSettings(group, context),
    ...tlsOf(scope, scheme, context),
  };
  const [first] = targets;
  const names =
    group === undefined ? [nameByHost(first?.url ?? ''), name, nameByAddress(first?.url ?? '')] : [authority];
  const upstream = upstreamFor(context.draft, names, targets, settings, {
    place: group?.place ?? directive.place,
  });
  return { upstream, uri, group: group !== undefined };
}

function withConstants(text: string, constants: ReadonlyMap<string, string>): string {
  return partsOf(text)
    .map((part) => (typeof part === 'string' ? part : (constants.get(part.variable) ?? `$${part.variable}`)))
    .join('');
}

function targetsOf(group: Directive, scheme: string, context: NginxContext): DraftTarget[] {
  const { report, used } = context;
  used.add(group);
  report.translate(directiveText(group), 'an upstream', group.place);
  const targets: DraftTarget[] = [];
  for (const server of group.block ?? []) {
    if (server.name !== 'server') continue;
    used.add(server);
    const [address = '', ...options] = server.args;
    const what = `upstream ${group.args[0] ?? ''}: ${directiveText(server)}`;
    if (options.includes('down')) {
      report.leaveOut(what, 'it is down', 'add the target when it is back', server.place);
      continue;
    }
    if (options.includes('backup')) {
      report.leaveOut(
        what,
        'there are no targets that are asked only when all others are gone',
        'add it to the targets, or leave it',
        server.place,
      );
      continue;
    }
    if (address.startsWith('unix:')) {
      report.leaveOut(
        what,
        'a target cannot be a Unix socket',
        'let the service listen on 127.0.0.1',
        server.place,
      );
      continue;
    }
    const weight = Number(
      /^weight=(\d+)$/.exec(options.find((each) => each.startsWith('weight=')) ?? '')?.[1] ?? 1,
    );
    const url = `${scheme}://${address}`;
    const same = targets.findIndex((each) => each.url === url);
    if (same !== -1) targets.splice(same, 1);
    targets.push(weight === 1 ? { url } : { url, weight: Math.min(Math.max(weight, 1), 1000) });
    const others = options.filter((each) => !each.startsWith('weight='));
    if (others.length === 0) report.translate(what, 'a target', server.place);
    else
      report.approximate(
        what,
        'a target',
        `${others.join(' ')}: there is no counting of failures and of connections a target; a failed request that is safe to repeat goes to the next`,
        server.place,
      );
  }
  const [only, ...others] = targets;
  return only !== undefined && others.length === 0 ? [{ url: only.url }] : targets;
}

/** Directives of an upstream block other than its servers. */
function groupSettings(
  group: Directive | undefined,
  { report, used }: NginxContext,
): Readonly<Record<string, unknown>> {
  for (const directive of group?.block ?? []) {
    if (directive.name === 'server' || used.has(directive)) continue;
    used.add(directive);
    const what = `upstream ${group?.args[0] ?? ''}: ${directiveText(directive)}`;
    if (directive.name.startsWith('keepalive') || directive.name === 'zone')
      report.translate(what, 'nothing: connections are kept and counted by themselves', directive.place);
    else if (/^(?:least_conn|ip_hash|hash|random|least_time|fair|sticky)$/.test(directive.name))
      report.approximate(what, 'balance: round-robin', 'targets take turns, whoever asks', directive.place);
    else
      report.leaveOut(
        what,
        'there is nothing for it',
        'see upstreams in docs/configuration.md',
        directive.place,
      );
  }
  return {};
}

function timeoutsOf(scope: Scope, { report }: NginxContext): Readonly<Record<string, unknown>> {
  const connect = scope.one('proxy_connect_timeout');
  if (connect === undefined) return {};
  const time = timeOf(connect.args[0]);
  if (time === undefined || time === 0 || time > 300_000) {
    report.leaveOut(
      directiveText(connect),
      'it is no time from 1ms to 5m',
      'set timeouts.connect of the upstream',
      connect.place,
    );
    return {};
  }
  report.translate(directiveText(connect), `timeouts: { connect: ${durationText(time)} }`, connect.place);
  return { timeouts: { connect: durationText(time) } };
}

/** nginx verifies no certificates unless told to. */
function tlsOf(scope: Scope, scheme: string, { report }: NginxContext): Readonly<Record<string, unknown>> {
  if (scheme !== 'https') return {};
  const verify = scope.one('proxy_ssl_verify');
  const name = scope.one('proxy_ssl_name');
  const serverName = name === undefined ? undefined : constantOf(name.args[0] ?? '', new Map());
  if (verify?.args[0] !== 'on') {
    report.approximate(
      verify === undefined ? 'https:// without proxy_ssl_verify' : directiveText(verify),
      'tls: { verify: true }',
      'the certificate is verified; nginx does not do that by itself. Give the authority under tls.ca if it is one of your own',
      verify?.place,
    );
  } else report.translate(directiveText(verify), 'what Waygate does by itself', verify.place);
  if (serverName === undefined || name === undefined) return {};
  report.translate(directiveText(name), `tls: { serverName: ${serverName} }`, name.place);
  return { tls: { serverName } };
}

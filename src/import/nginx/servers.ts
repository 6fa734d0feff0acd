import { isIP } from 'node:net';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import type { Scope } from './scope.ts';

/** Where a server listens. */
export interface Listen {
  readonly value: number | string;
  readonly tls: boolean;
  readonly isDefault: boolean;
}

/** A server block, with what it says of itself. */
export interface ServerBlock {
  readonly directive: Directive;
  readonly block: readonly Directive[];
  readonly scope: Scope;
  readonly listens: readonly Listen[];
  /** As routes have them; without what they cannot say. */
  readonly names: readonly string[];
}

/** Reads `listen` and `server_name`. */
export function readServer(directive: Directive, scope: Scope, context: NginxContext): ServerBlock {
  const block = directive.block ?? [];
  const inside = scope.inside(block);
  return {
    directive,
    block,
    scope: inside,
    listens: inside.own('listen').flatMap((each) => readListen(each, context)),
    names: inside.own('server_name').flatMap((each) => readNames(each, context)),
  };
}

function readListen(directive: Directive, { report }: NginxContext): Listen[] {
  const [address = '', ...options] = directive.args;
  const what = directiveText(directive);
  if (address.startsWith('unix:')) {
    report.leaveOut(
      what,
      'the gateway listens on no Unix socket',
      'listen on a port of 127.0.0.1',
      directive.place,
    );
    return [];
  }
  const [, host, port] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)$/.exec(address) ?? [
    undefined,
    address === '' ? undefined : address,
    '80',
  ];
  const any = host === undefined || host === '*' || host === '0.0.0.0' || host === '[::]';
  const value = any ? Number(port) : `${isIP(host) === 6 ? `[${host}]` : host}:${port ?? '80'}`;
  const tls = options.includes('ssl');
  const isDefault = options.includes('default_server') || options.includes('default');
  if (tls)
    report.leaveOut(
      what,
      'the gateway does not serve TLS yet',
      'end TLS in front of it, and name what does that under trustedProxies',
      directive.place,
    );
  else report.translate(what, `listen: ${value}`, directive.place);
  return [{ value, tls, isDefault }];
}

function readNames(directive: Directive, { report }: NginxContext): string[] {
  return directive.args.flatMap((name): string[] => {
    if (name === '_' || name === '') return [];
    const lower = name.toLowerCase();
    if (/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/.test(lower)) return [lower];
    if (/^\.[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(lower)) return [lower.slice(1), `*${lower}`];
    report.leaveOut(
      `server_name ${name}`,
      'a host is a name, or *. and a name',
      'write the hosts that it stands for under host of the routes',
      directive.place,
    );
    return [];
  });
}

/** Whether all that a server does is to send clients to https. */
export function isRedirectToHttps({ block }: ServerBlock): boolean {
  const rest = block.filter(
    ({ name }) => name !== 'listen' && name !== 'server_name' && !name.endsWith('_log'),
  );
  const locations = rest.filter(({ name }) => name === 'location');
  const returns = [
    ...rest.filter(({ name }) => name === 'return'),
    ...locations.flatMap(({ block: inner }) => inner ?? []),
  ];
  const others = rest.filter(({ name }) => name !== 'return' && name !== 'location');
  return (
    others.length === 0 &&
    returns.length > 0 &&
    returns.every(
      ({ name, args }) =>
        name === 'return' && /^https:\/\/\S*\$\{?(?:request_uri|uri)\}?$/.test(args.at(-1) ?? ''),
    )
  );
}

import { durationText, type DraftPolicy, type DraftRoute } from '../draft.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import { sizeText, timeOf, type Scope } from './scope.ts';

/** How often and how much: `limit_req`, `limit_conn`, `proxy_cache`. */
export function readLimits(scope: Scope, context: NginxContext): readonly DraftPolicy[] {
  return [...readRates(scope, context), ...readConnections(scope, context), ...readCache(scope, context)];
}

/** Settings of a route that have keys of their own. */
export function readRouteSettings(
  scope: Scope,
  { report }: NginxContext,
): Pick<DraftRoute, 'timeouts' | 'limits'> {
  const timeouts: Record<string, string> = {};
  const limits: Record<string, string> = {};
  const read = scope.one('proxy_read_timeout');
  const time = timeOf(read?.args[0]);
  if (read !== undefined && time !== undefined && time > 0) {
    timeouts['responseHeaders'] = durationText(time);
    timeouts['bodyIdle'] = durationText(time);
    // The usual limit for a whole exchange would come first.
    if (time >= 60_000) timeouts['exchange'] = '0';
    report.translate(directiveText(read), 'timeouts: { responseHeaders, bodyIdle }', read.place);
  } else if (read !== undefined) {
    report.leaveOut(
      directiveText(read),
      'it is no time up to 24 days',
      'set timeouts of the route',
      read.place,
    );
  }
  const send = scope.one('proxy_send_timeout');
  const sendTime = timeOf(send?.args[0]);
  if (send !== undefined && sendTime !== undefined && sendTime > 0) {
    timeouts['requestBodyIdle'] = durationText(sendTime);
    report.approximate(
      directiveText(send),
      'timeouts: { requestBodyIdle }',
      'it is about the client that sends, not about the service that takes',
      send.place,
    );
  }
  const body = scope.one('client_max_body_size');
  const size = sizeText(body?.args[0]);
  if (body !== undefined && size !== undefined) {
    limits['body'] = size;
    report.translate(directiveText(body), `limits: { body: ${size} }`, body.place);
  } else if (body !== undefined) {
    report.leaveOut(directiveText(body), 'it is no size', 'set limits.body of the route', body.place);
  }
  return {
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

function readRates(scope: Scope, { zones, report, used }: NginxContext): DraftPolicy[] {
  return scope.all('limit_req').flatMap((directive): DraftPolicy[] => {
    const options = new Map(
      directive.args.map((arg): [string, string] => [arg.replace(/=.*/s, ''), arg.replace(/^[^=]*=?/s, '')]),
    );
    const zone = zones.get(`req:${options.get('zone') ?? ''}`);
    const by = keyOf(zone?.args[0]);
    const rate = /^rate=(\d+)r\/([sm])$/.exec(zone?.args.find((arg) => arg.startsWith('rate=')) ?? '');
    if (zone === undefined || by === undefined || rate === null) {
      report.leaveOut(
        directiveText(directive),
        'by what it counts, or how often, cannot be said',
        'the policy rate-limit',
        directive.place,
      );
      return [];
    }
    if (!used.has(zone))
      report.translate(directiveText(zone), 'limit, window and by of the policy rate-limit', zone.place);
    used.add(zone);
    const burst = Number(options.get('burst') ?? 0);
    const waits = options.has('nodelay')
      ? ''
      : ' what comes too soon is not delayed: it passes within burst, and is refused beyond it;';
    report.approximate(
      directiveText(directive),
      'the policy rate-limit',
      `${waits} who is refused gets 429, not 503`.trim(),
      directive.place,
    );
    return [
      {
        name: 'rate-limit',
        options: {
          limit: Number(rate[1]),
          window: rate[2] === 's' ? '1s' : '1m',
          burst: burst + 1,
          ...(by !== 'ip' && { by }),
          name: zoneName(options.get('zone')),
        },
      },
    ];
  });
}

function readConnections(scope: Scope, { zones, report, used }: NginxContext): DraftPolicy[] {
  return scope.all('limit_conn').flatMap((directive): DraftPolicy[] => {
    const [name = '', limit = ''] = directive.args;
    const zone = zones.get(`conn:${name}`);
    const by = keyOf(zone?.args[0]);
    if (zone === undefined || by === undefined || !/^[1-9]\d{0,5}$/.test(limit)) {
      report.leaveOut(
        directiveText(directive),
        'by what it counts cannot be said',
        'the policy concurrency-limit',
        directive.place,
      );
      return [];
    }
    if (!used.has(zone))
      report.translate(directiveText(zone), 'by of the policy concurrency-limit', zone.place);
    used.add(zone);
    report.approximate(
      directiveText(directive),
      'the policy concurrency-limit',
      'exchanges are counted, not connections; who is refused gets 429 by address',
      directive.place,
    );
    return [{ name: 'concurrency-limit', options: { limit: Number(limit), by, name: zoneName(name) } }];
  });
}

function keyOf(variable: string | undefined): string | undefined {
  if (/^\$\{?(?:binary_)?remote_addr\}?$/.test(variable ?? '')) return 'ip';
  if (/^\$\{?(?:server_name|host|http_host)\}?$/.test(variable ?? '')) return 'route';
  const header = /^\$\{?http_(\w+)\}?$/.exec(variable ?? '')?.[1];
  return header === undefined ? undefined : `header:${header.replaceAll('_', '-')}`;
}

function zoneName(text: string | undefined): string {
  const name = (text ?? '').replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60);
  return /^[A-Za-z0-9]/.test(name) ? name : 'zone';
}

function readCache(scope: Scope, { report }: NginxContext): DraftPolicy[] {
  const cache = scope.one('proxy_cache');
  if (cache === undefined || cache.args[0] === 'off') return [];
  const ttl: Record<string, string> = {};
  for (const directive of scope.all('proxy_cache_valid')) {
    const time = timeOf(directive.args.at(-1));
    const statuses = directive.args.slice(0, -1);
    const listed = statuses.length === 0 ? ['200', '301'] : statuses;
    if (time === undefined || !listed.every((status) => /^[1-5]\d\d$/.test(status))) {
      report.leaveOut(
        directiveText(directive),
        'it is for any status, or no time',
        'ttl of the policy cache, such as { 200: 10m, 4xx: 1m }',
        directive.place,
      );
      continue;
    }
    for (const status of listed) ttl[status] = durationText(time);
    report.translate(directiveText(directive), 'ttl of the policy cache', directive.place);
  }
  report.approximate(
    directiveText(cache),
    'the policy cache',
    'it keeps to RFC 9111: what an answer forbids is not kept, Vary is obeyed, and answers live in memory or in Redis (see cache in docs/configuration.md)',
    cache.place,
  );
  return [{ name: 'cache', options: Object.keys(ttl).length > 0 ? { ttl } : {} }];
}

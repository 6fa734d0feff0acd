import { isUtf8 } from 'node:buffer';
import type { Reply } from '../core/exchange.ts';
import type { ExplainedEnd, Explanation } from '../gateway/explain.ts';
import { escapeText } from '../observe/escape.ts';
import type { Paint } from '../observe/paint.ts';
import { alignColumns } from './columns.ts';

/** More routes than this are summed up. */
const mostRoutes = 20;

/** What would happen to a request, for people. */
export function explanationText(explanation: Explanation, file: string, paint: Paint): string {
  const parts = [
    requestPart(explanation, file, paint),
    routesPart(explanation, paint),
    policiesPart(explanation, paint),
    consumerPart(explanation, paint),
  ];
  return [...parts, endPart(explanation.end, paint)].filter((part) => part !== '').join('\n');
}

function requestPart(
  { request, clientIp, route, params, preflight }: Explanation,
  file: string,
  paint: Paint,
): string {
  if (request === undefined) return '';
  const { method, host, path, query } = request;
  const target = `${host}${path}${query === undefined ? '' : `?${query}`}`;
  const rows = [
    [
      paint('dim', 'request'),
      paint('bold', escapeText(`${method} ${target}`)) + paint('dim', ` from ${clientIp}`),
    ],
    [
      paint('dim', 'route'),
      route === undefined
        ? paint('yellow', 'none')
        : paint('bold', escapeText(route)) + paint('dim', ` of ${file}`),
    ],
  ];
  if (preflight) rows.push([paint('dim', 'preflight'), 'takes the route of the request that it asks about']);
  for (const [name, value] of Object.entries(params))
    rows.push([paint('dim', 'parameter'), escapeText(`${name} = ${value}`)]);
  return alignColumns(rows);
}

function routesPart({ considered }: Explanation, paint: Paint): string {
  if (considered.length === 0) return '';
  // With many routes, those that match are what the question is about.
  const shown =
    considered.length <= mostRoutes
      ? considered
      : considered.filter(({ outcome }) => outcome !== 'lost').slice(0, mostRoutes);
  const rows = shown.map(({ name, outcome, reason }) => {
    const mark = { won: paint('green', '✓'), shadowed: paint('yellow', '–'), lost: paint('dim', '✗') }[
      outcome
    ];
    return [
      mark,
      escapeText(name),
      outcome === 'won' ? escapeText(reason) : paint('dim', escapeText(reason)),
    ];
  });
  const left = considered.length - shown.length;
  const more =
    left === 0
      ? ''
      : `  ${paint('dim', `… and ${left} more that ${shown.length === 0 ? 'do not match' : 'lose'}`)}\n`;
  return `${paint('bold', 'Routes, in the order in which they are asked')}\n${alignColumns(rows)}${more}`;
}

function policiesPart({ policies }: Explanation, paint: Paint): string {
  if (policies.length === 0) return '';
  const rows = policies.flatMap(({ name, from, verdict, notes = [] }, index) => {
    const colour = verdict === 'passes' ? 'green' : verdict === 'not reached' ? 'dim' : 'yellow';
    const row = [
      `${index + 1}.`,
      name,
      paint(colour, verdict),
      paint('dim', from === 'route' ? 'of the route' : 'on every route'),
    ];
    return [row, ...notes.map((note) => ['', '', '', escapeText(note)])];
  });
  return `${paint('bold', 'Policies, in the order in which they run')}\n${alignColumns(rows)}`;
}

function consumerPart({ consumer }: Explanation, paint: Paint): string {
  if (consumer === undefined) return '';
  const { policy, id, groups = [], scopes = [], claims } = consumer;
  const rows = [[paint('dim', 'id'), paint('bold', escapeText(id))]];
  for (const [what, list] of Object.entries({ groups, scopes, claims }))
    if (list.length > 0) rows.push([paint('dim', what), escapeText(list.join(', '))]);
  return `${paint('bold', 'Who is asking')}, as the policy ${policy} has established\n${alignColumns(rows)}`;
}

function endPart(end: ExplainedEnd, paint: Paint): string {
  if (end.type === 'refused') {
    const words = `${end.status} ${end.code}`;
    return `${paint('bold', 'Refused by the gateway')}\n  ${paint('red', words)}: ${escapeText(end.detail)}\n`;
  }
  if (end.type === 'answered') {
    const { status, headers = [], body } = end.reply;
    const lines = [String(status), ...[...headers].map(([name, value]) => `${name}: ${value}`)];
    const text = bodyText(body);
    if (text !== undefined) lines.push('', ...text.split('\n'));
    return `${paint('bold', `Answered by ${end.policy === undefined ? 'the gateway itself' : `the policy ${end.policy}`}`)}\n${indented(lines, paint)}`;
  }
  const [first = '', ...others] = end.targets;
  const turns = others.length === 0 ? '' : paint('dim', `, or in its turn ${others.join(', ')}`);
  const title = `${paint('bold', `Sent to the upstream ${end.upstream}`)}, ${first}${turns}`;
  const note = paint('dim', '  (Ids, which are new for each request, are zeros here.)\n');
  return `${title}\n${indented(end.head.trimEnd().split('\r\n'), paint)}${note}`;
}

/** The body of a reply as text; of one that is none, how long it is. Undefined when there is no body. */
export function bodyText(body: Reply['body']): string | undefined {
  if (body === undefined || typeof body === 'string') return body;
  if (!(body instanceof Uint8Array)) return `${body.length ?? 'some'} octets`;
  return isUtf8(body) ? Buffer.from(body).toString('utf8') : `${body.length} octets`;
}

/** Lines as they stand on the wire, the first of them strong. */
function indented(lines: readonly string[], paint: Paint): string {
  return lines
    .map(
      (line, index) =>
        `  ${index === 0 ? paint('cyan', escapeText(line)) : escapeText(line)}`.trimEnd() + '\n',
    )
    .join('');
}

import { isBodyFeed } from '../core/reply-body.ts';
import type { Explanation } from '../gateway/explain.ts';
import { masked, maskQuery } from '../observe/mask-query.ts';
import { isSecretName } from '../observe/secret-names.ts';

/** The shortest text that is looked for wherever it may stand; shorter ones are all over every other text. */
const shortest = 6;

const jwt = /(?<![\w-])eyJ[\w-]{4,}\.[\w.-]+/g;

/**
 * An explanation that may be shown to anybody: without the credentials of the request it is about, whatever policies have made
 * of them, and without what looks like a token.
 * @param headers the header lines of the request.
 * @param credentials further texts that must not be seen.
 */
export function maskExplanation(
  explanation: Explanation,
  headers: readonly string[],
  credentials: readonly string[],
): Explanation {
  const inQuery = secretsInQuery(explanation.request?.query);
  const secrets = formsOf([...credentials, ...inQuery, ...headers.flatMap(secretsIn)]);
  const hide = (text: string): string => {
    let hidden = text;
    for (const secret of secrets) hidden = hidden.replaceAll(secret, masked);
    return hidden.replace(jwt, masked);
  };
  const { request, end } = explanation;
  return mapTexts(
    {
      ...explanation,
      request: request && { ...request, query: request.query && maskQuery(request.query) },
      end: end.type === 'forwarded' ? { ...end, head: maskHead(end.head) } : end,
    },
    hide,
  );
}

/** What a header line has that nobody should see, as a whole and in its parts. */
function secretsIn(line: string): string[] {
  const colon = line.indexOf(':');
  const value = line.slice(colon + 1).trim();
  if (!isSecretName(line.slice(0, colon))) return [];
  return [value, ...value.split(/[\s;,=]+/)];
}

/** The values in a query that a log masks, as they stand there and decoded: policies may have put them elsewhere. */
function secretsInQuery(query = ''): string[] {
  return query.split(/[&;]/).flatMap((parameter) => {
    if (maskQuery(parameter) === parameter) return [];
    const value = parameter.slice(parameter.indexOf('=') + 1);
    return [value, new URLSearchParams(`v=${value}`).get('v') ?? value];
  });
}

/** Texts as they may come up: as they are, octet by octet, and in a URL. The longest first, for one may contain another. */
function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => {
    if (secret.length < shortest || /^(?:bearer|digest|negotiate)$/i.test(secret)) return [];
    return [
      secret,
      Buffer.from(secret, 'utf8').toString('latin1'),
      encodeURIComponent(secret.toWellFormed()),
      JSON.stringify(secret).slice(1, -1),
    ];
  });
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

/** The head that a service gets, without the values of headers whose names promise a secret; the scheme of credentials stays. */
function maskHead(head: string): string {
  const [start = '', ...lines] = head.split('\r\n');
  const query = start.indexOf('?');
  const target = start.lastIndexOf(' ');
  const shown =
    query === -1
      ? start
      : `${start.slice(0, query + 1)}${maskQuery(start.slice(query + 1, target))}${start.slice(target)}`;
  return [shown, ...lines.map(maskLine)].join('\r\n');
}

function maskLine(line: string): string {
  const colon = line.indexOf(':');
  if (colon === -1 || !isSecretName(line.slice(0, colon))) return line;
  const scheme = /^authorization: [A-Za-z]+ (?=\S)/i.exec(line)?.[0];
  return `${scheme ?? `${line.slice(0, colon)}: `}${masked}`;
}

/** The same, with every text in it replaced. Octets stay: only texts are printed. */
function mapTexts<Value>(value: Value, change: (text: string) => string): Value;
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  // A reply's body may be octets, of which text is made later.
  if (value instanceof Uint8Array)
    return Buffer.from(change(Buffer.from(value).toString('latin1')), 'latin1');
  // One that comes over time has not begun, and is never printed.
  if (isBodyFeed(value)) return value;
  if (Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>, (item) => mapTexts(item, change));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [name, mapTexts(member, change)]),
  );
}

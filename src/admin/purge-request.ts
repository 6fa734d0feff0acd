import type { Purge } from '../core/answer-store.ts';
import { readObject } from '../core/strict-json.ts';
import { parseHost } from '../http/host.ts';
import { canonicalPath } from '../http/path.ts';

/** What was asked for, or what is wrong with it, for whoever asked. */
export type PurgeReading = { readonly purge: Purge } | { readonly mistake: string };

/** Longer than any name or URL of this world. */
const LONGEST = 8192;

const kinds = ['url', 'prefix', 'tag', 'route', 'all'] as const;

/**
 * Reads what is to be purged: `{"url": …}`, `{"prefix": …}`, `{"tag": …}`, `{"route": …}` or `{"all": true}`, and nothing else.
 * @param routes the names of the routes that there are.
 */
export function readPurgeRequest(octets: Uint8Array, routes: readonly string[]): PurgeReading {
  const object = readObject(octets);
  if (object === undefined) return { mistake: 'The body is no JSON object that names each member once.' };
  const [name, more] = Object.keys(object);
  const kind = kinds.find((known) => known === name);
  if (kind === undefined || more !== undefined)
    return { mistake: 'The body has one member: "url", "prefix", "tag", "route" or "all".' };
  const value = object[kind];
  if (kind === 'all')
    return value === true ? { purge: { kind } } : { mistake: '"all" is true, or not there.' };
  if (typeof value !== 'string' || value === '' || value.length > LONGEST)
    return { mistake: `"${kind}" is a text of 1 to ${LONGEST} characters.` };
  if (kind === 'tag') return readTag(value);
  if (kind === 'url' || kind === 'prefix') return readAddress(kind, value);
  if (routes.includes(value)) return { purge: { kind, route: value } };
  return { mistake: `No route is named ${JSON.stringify(value)}.` };
}

function readTag(value: string): PurgeReading {
  if (/[\s,\p{Cc}]/u.test(value)) return { mistake: 'A tag is one word, without blanks and commas.' };
  return { purge: { kind: 'tag', tag: value.toLowerCase() } };
}

/** A URL, or a path on any host; with its query. */
function readAddress(kind: 'url' | 'prefix', value: string): PurgeReading {
  const [, authority, target = ''] = /^(?:https?:\/\/([^/?#]*))?(.*)$/is.exec(value) ?? [];
  const parsed = authority === undefined ? undefined : parseHost(authority);
  if (authority !== undefined && parsed === undefined)
    return { mistake: `${JSON.stringify(authority)} is no host.` };
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const canonical = canonicalPath(path === '' && authority !== undefined ? '/' : path);
  const rest = query === -1 ? '' : target.slice(query);
  if (canonical === undefined || /[^!-~]|#/.test(rest)) {
    return {
      mistake: `"${kind}" is a URL such as https://shop.example.com/a?b, or a path such as /a?b, percent-encoded and without #.`,
    };
  }
  const port = parsed?.port === undefined ? '' : `:${parsed.port}`;
  const host = parsed === undefined ? undefined : parsed.host + port;
  return { purge: { kind, host, path: canonical + rest } };
}

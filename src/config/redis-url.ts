import { withRemedy } from '../core/remedy.ts';

/** What the URL of a Redis says. */
export interface RedisUrl {
  /** In lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly tls: boolean;
}

const remedy = 'write a URL such as redis://localhost:6379, or rediss:// for TLS';

/** Reads `redis://user:password@host:port/database`, or says what is wrong with it. No mistake repeats the URL: it may have a password. */
export function readRedisUrl(value: string): RedisUrl | { readonly mistake: string } {
  if (/^(?:redis\+)?unix:|^\//i.test(value))
    return mistake(
      'this is a Unix socket, which `redis` cannot be',
      `${remedy}; let the server listen on 127.0.0.1`,
    );
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return mistake(
      'this has no redis:// or rediss:// in front',
      /^[\w.-]+(:\d+)?$/.test(value) ? `write redis://${value}` : remedy,
    );
  if (scheme !== 'redis' && scheme !== 'rediss') {
    const meant = /^valkeys?$/.test(scheme)
      ? `write ${scheme.replace('valkey', 'redis')}:// in front: the protocol is the same`
      : remedy;
    return mistake(`"${scheme}:" is not a scheme for Redis`, meant);
  }
  // URL knows ports, names and addresses of this scheme only when it is told that it is one of its own.
  const text = `http${value.slice(scheme.length)}`;
  const url = URL.canParse(text) && !/[\s\\\u0000-\u001f]/.test(value) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '')
    return mistake(
      'this is not a valid URL',
      `${remedy}; in a password, write %40 for @, %2F for /, %23 for #, %3A for :`,
    );
  if (url.search !== '' || url.hash !== '')
    return mistake('the URL has a query or a fragment', 'leave out what follows ? or #');
  const port = /:(\d+)$/.exec(url.host)?.[1] ?? (/:80(?:\/|$)/.test(text.slice(7)) ? '80' : '6379');
  if (port === '0') return mistake('a server cannot have port 0', 'write the port that it listens on');
  const database = /^\/?$/.test(url.pathname) ? undefined : /^\/(\d{1,4})$/.exec(url.pathname)?.[1];
  if (database === undefined && !/^\/?$/.test(url.pathname))
    return mistake(
      'what follows the address is not the number of a database',
      'write a number such as /0, or nothing',
    );
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === null || password === null)
    return mistake('the user or the password has a % that encodes nothing', 'write %25 for %');
  if (username !== undefined && password === undefined)
    return mistake(
      'the URL has a user without a password',
      'write redis://user:password@host, or redis://:password@host for a password alone',
    );
  return {
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: Number(port),
    username,
    password,
    database: database === undefined ? undefined : Number(database),
    tls: scheme === 'rediss',
  };
}

function mistake(found: string, what: string): { readonly mistake: string } {
  return { mistake: withRemedy(found, what) };
}

/** Undefined when it is empty, null when it cannot be decoded. */
function decoded(text: string): string | undefined | null {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

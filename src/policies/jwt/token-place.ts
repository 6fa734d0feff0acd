import type { RequestHead } from '../../core/exchange.ts';
import { bearerToken, type FoundToken } from '../../http/bearer.ts';
import { takeParameter } from '../../http/query.ts';
import type { JwtOptions } from './options.ts';

/** Where tokens stand in requests. */
export interface TokenPlace {
  find(request: RequestHead): FoundToken;
  /** Takes the token out of the request, so that nobody behind us sees it, and no log. */
  remove(request: RequestHead): void;
}

const none: FoundToken = { kind: 'none' };
const malformed: FoundToken = { kind: 'malformed' };

/** The place that the options name. */
export function tokenPlace(from: JwtOptions['from']): TokenPlace {
  if (from === 'authorization') return authorization;
  return from.cookie === undefined ? parameterNamed(from.query ?? '') : cookieNamed(from.cookie);
}

const authorization: TokenPlace = {
  find: ({ headers }) => bearerToken(headers.getAll('authorization')),
  remove: ({ headers }) => void headers.delete('authorization'),
};

/** Takes a bearer token out that nobody has verified; `Authorization` of another scheme stays. */
export function removeBearer(request: RequestHead): void {
  if (authorization.find(request).kind !== 'none') authorization.remove(request);
}

function cookieNamed(name: string): TokenPlace {
  // Services take white space around a name off: what they read as this cookie is this cookie.
  const isOurs = (pair: string): boolean => {
    const equals = pair.indexOf('=');
    return equals !== -1 && pair.slice(0, equals).trim() === name;
  };
  return {
    find({ headers }) {
      const values = cookiePairs(headers.getAll('cookie')).filter(isOurs);
      const [first, second] = values;
      if (first === undefined) return none;
      if (second !== undefined) return malformed;
      const text = first.slice(first.indexOf('=') + 1).trim();
      // Some frameworks put values in quotes (RFC 6265 §4.1.1).
      return tokenOrMalformed(/^"(.*)"$/.exec(text)?.[1] ?? text);
    },
    remove({ headers }) {
      const kept = cookiePairs(headers.getAll('cookie')).filter((pair) => !isOurs(pair));
      if (kept.length === 0) headers.delete('cookie');
      else headers.set('Cookie', kept.join('; '));
    },
  };
}

/** The pairs of all Cookie lines, without the blanks around them. */
function cookiePairs(lines: readonly string[]): string[] {
  return lines
    .flatMap((line) => line.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
}

function parameterNamed(name: string): TokenPlace {
  return {
    find({ query }) {
      if (query === undefined) return none;
      const [first, second] = takeParameter(query, name).values;
      if (first === undefined) return none;
      return second === undefined ? tokenOrMalformed(first) : malformed;
    },
    remove(request) {
      if (request.query !== undefined) request.query = takeParameter(request.query, name).rest;
    },
  };
}

function tokenOrMalformed(text: string): FoundToken {
  return text === '' ? malformed : { kind: 'token', text };
}

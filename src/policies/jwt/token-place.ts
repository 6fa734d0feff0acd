import type { RequestHead } from '../../core/exchange.ts';
import { takeParameter } from '../../http/query.ts';
import type { JwtOptions } from './options.ts';

/** What a request has where the token should be; `malformed` when there is something, but not one token. */
export type FoundToken =
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' };

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

/** RFC 6750 §2.1: the scheme in any case, and spaces. What may stand behind them is for whoever reads the token to say. */
const bearer = /^bearer +(?=[^ ])/i;

const authorization: TokenPlace = {
  find({ headers }) {
    const value = headers.get('authorization');
    if (value === undefined) return none;
    // The engine refuses two lines; other ways in may not.
    if (headers.getAll('authorization').length > 1) return malformed;
    const scheme = bearer.exec(value)?.[0];
    if (scheme !== undefined) return { kind: 'token', text: value.slice(scheme.length) };
    // Another scheme is none of our business.
    return /^bearer(?![\w!#$%&'*+.^`|~-])/i.test(value) ? malformed : none;
  },
  remove: ({ headers }) => void headers.delete('authorization'),
};

function cookieNamed(name: string): TokenPlace {
  const prefix = `${name}=`;
  const isOurs = (pair: string): boolean => pair.startsWith(prefix);
  return {
    find({ headers }) {
      const values = cookiePairs(headers.getAll('cookie')).filter(isOurs);
      const [first, second] = values;
      if (first === undefined) return none;
      if (second !== undefined) return malformed;
      const text = first.slice(prefix.length);
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

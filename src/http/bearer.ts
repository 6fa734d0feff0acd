/** What a request has where a token should be; `malformed` when there is something, but not one token. */
export type FoundToken =
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' };

/** RFC 6750 §2.1: the scheme in any case, and spaces. What may stand behind them is for whoever reads the token to say. */
const bearer = /^bearer +(?=[^ ])/i;

/**
 * The token of `Authorization: Bearer …`. Another scheme is none of our business: then there is none.
 * @param lines the values of all lines of that name. The engine refuses two; other ways in may not.
 */
export function bearerToken(lines: readonly string[]): FoundToken {
  const [value, second] = lines;
  if (value === undefined) return { kind: 'none' };
  if (second !== undefined) return { kind: 'malformed' };
  const scheme = bearer.exec(value)?.[0];
  if (scheme !== undefined) return { kind: 'token', text: value.slice(scheme.length) };
  return { kind: /^bearer(?![\w!#$%&'*+.^`|~-])/i.test(value) ? 'malformed' : 'none' };
}

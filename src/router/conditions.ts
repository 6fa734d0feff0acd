import type { NamedMatch, ValueMatch } from '../config/schema.ts';
import type { RequestHead } from '../core/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';
import { queryValue } from '../http/query.ts';
import type { RouteRule } from './route-order.ts';

/** What of a request routes look at. */
export type RouteRequest = Pick<RequestHead, 'method' | 'path' | 'query' | 'host' | 'headers'>;

/** Whether a request fulfils one condition on a header or a query parameter. */
export type Condition = (request: RouteRequest) => boolean;

/** The methods that a route takes, GET including HEAD; undefined for any. */
export function compileMethods({ methods }: RouteRule): readonly string[] | undefined {
  if (methods.length === 0) return undefined;
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

/** The conditions on headers and query parameters; undefined for none. */
export function compileConditions({ headers, query }: RouteRule): readonly Condition[] | undefined {
  if (headers.length === 0 && query.length === 0) return undefined;
  return [
    ...headers.map(({ name, match }): Condition => {
      const holds = compileValue(match);
      return (request) => holds(fieldValue(request.headers, name));
    }),
    ...query.map(({ name, match }): Condition => {
      const holds = compileValue(match);
      return (request) => holds(parameterValue(request.query, name));
    }),
  ];
}

/**
 * The value of a field, undefined when there is none. Several lines are one value, joined as RFC 9110 §5.3 says, so
 * that a second line cannot slip in a value that another reader takes for the only one.
 */
export function fieldValue(headers: HeaderList, name: string): string | undefined {
  const values = headers.getAll(name);
  return values.length > 1 ? values.join(', ') : values[0];
}

/** The decoded value of the first query parameter of that name, undefined when there is none. */
export function parameterValue(query: string | undefined, name: string): string | undefined {
  return query === undefined ? undefined : queryValue(query, name);
}

/** A regular expression for a whole text; a dot matches line ends too, which an escape can bring into a query value. */
export function wholeText(source: string): RegExp {
  return new RegExp(`^(?:${source})$`, 's');
}

/** Whether a value (undefined: absent) is what a condition asks for. */
export function compileValue(match: ValueMatch): (value: string | undefined) => boolean {
  if (match.type === 'present') return (value) => value !== undefined;
  if (match.type === 'exact') return (value) => value === match.value;
  const regExp = wholeText(match.value);
  return (value) => value !== undefined && regExp.test(value);
}

/** A condition, as the rest of a sentence that begins with its name. */
export function describeMatch({ match }: NamedMatch): string {
  if (match.type === 'present') return 'is there';
  return match.type === 'exact' ? `is ${JSON.stringify(match.value)}` : `matches ${match.value}`;
}

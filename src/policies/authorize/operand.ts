import type { Exchange } from '../../core/exchange.ts';
import { nearest } from '../../core/nearest.ts';
import type { List, Literal, Path, Value } from './expression.ts';
import { ExpressionError } from './expression-error.ts';

/** The parameters that a route's path captures; undefined where that is not known yet, and any may be. */
export type ParamNames = readonly string[] | undefined;

/** What a value is known to be at load; `any` is a claim, `nothing` is null. */
export type ValueType = 'text' | 'number' | 'truth value' | 'list' | 'nothing' | 'any';

/** Reads a value of an exchange. */
export type Reader = (exchange: Exchange) => unknown;

/** A value of a comparison, ready to be read. */
export interface Operand {
  readonly type: ValueType;
  /** Undefined when it is not there. */
  readonly read: Reader;
  /** Whether it is something about who is asking. */
  readonly asksWho: boolean;
  /** What it says of an exchange, for {@link Operand} that are read; undefined for what is written out. */
  readonly name: string | undefined;
  /** Whether whoever explains a request may see the value: no claim but `sub`, which is in the access log as well. */
  readonly isPublic: boolean;
  /** The value, when it is written out. */
  readonly literal: Literal['value'] | undefined;
}

/** What has a name of its own. Empty texts stand for what is not there: an HTTP/1.0 client names no host. */
const plain: ReadonlyMap<string, readonly [type: ValueType, asksWho: boolean, read: Reader]> = new Map([
  ['consumer.id', ['text', true, ({ consumer }) => consumer?.id]],
  ['consumer.groups', ['list', true, ({ consumer }) => consumer?.groups]],
  ['consumer.scopes', ['list', true, ({ consumer }) => consumer?.scopes]],
  ['groups', ['list', true, ({ consumer }) => consumer?.groups]],
  ['scopes', ['list', true, ({ consumer }) => consumer?.scopes]],
  ['method', ['text', false, ({ request }) => request.method]],
  ['host', ['text', false, ({ request }) => request.host || undefined]],
  ['path', ['text', false, ({ request }) => request.path]],
  ['client.ip', ['text', false, ({ client }) => client.ip]],
]);

/**
 * Makes a value ready to be read.
 * @param paramNames the parameters that the route's path captures.
 * @throws ExpressionError for a name that does not exist.
 */
export function compileOperand(value: Value, paramNames: ParamNames): Operand {
  if (value.kind === 'literal') return fixed(value);
  if (value.kind === 'list') return listOf(value, paramNames);
  return pathOperand(value, paramNames);
}

function fixed({ value }: Literal): Operand {
  return {
    type: literalType(value),
    read: () => value,
    asksWho: false,
    name: undefined,
    isPublic: true,
    literal: value,
  };
}

function literalType(value: Literal['value']): ValueType {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'number' : 'truth value';
}

function listOf({ items, at }: List, paramNames: ParamNames): Operand {
  if (items.length === 0)
    throw new ExpressionError(at, 'nothing is in an empty list', 'write false for nobody');
  const operands = items.map((item) => compileOperand(item, paramNames));
  for (const [index, { type }] of operands.entries()) {
    if (type === 'list' || type === 'nothing')
      throw new ExpressionError(
        items[index]?.at ?? at,
        `${type === 'list' ? 'a list' : 'null'} is never in a list`,
        'leave it out, and write a comparison of its own',
      );
  }
  const readers = operands.map(({ read }) => read);
  const constant = operands.every(({ name }) => name === undefined)
    ? operands.map(({ literal }) => literal)
    : undefined;
  return {
    type: 'list',
    read: constant === undefined ? (exchange) => readers.map((read) => read(exchange)) : () => constant,
    asksWho: operands.some(({ asksWho }) => asksWho),
    name: undefined,
    isPublic: true,
    literal: undefined,
  };
}

function pathOperand(path: Path, paramNames: ParamNames): Operand {
  const { steps } = path;
  const claims = claimSteps(steps);
  if (claims !== undefined) return claimOperand(path, claims);
  const name = steps.join('.');
  const isNamed = steps.every((step) => typeof step === 'string');
  const found = isNamed ? plain.get(name) : undefined;
  if (found !== undefined) {
    const [type, asksWho, read] = found;
    return { type, read, asksWho, name, isPublic: true, literal: undefined };
  }
  const [root, param] = steps;
  if (root === 'params' && typeof param === 'string' && steps.length === 2)
    return paramOperand(param, path, paramNames);
  throw unknownName(path, name, paramNames);
}

function paramOperand(param: string, { at }: Path, paramNames: ParamNames): Operand {
  if (paramNames !== undefined && !paramNames.includes(param)) throw unknownParam(param, at, paramNames);
  return {
    type: 'text',
    // A group of a regular expression that took no part is empty.
    read: ({ params }) => params[param] || undefined,
    asksWho: false,
    name: `params.${param}`,
    isPublic: true,
    literal: undefined,
  };
}

/** The steps below the claims, or undefined when the name is none of a claim. */
function claimSteps([root, next, ...others]: Path['steps']): Path['steps'] | undefined {
  if (root === 'claims') return next === undefined ? [] : [next, ...others];
  return root === 'consumer' && next === 'claims' ? others : undefined;
}

function claimOperand({ at, end }: Path, steps: Path['steps']): Operand {
  const [first] = steps;
  if (typeof first !== 'string')
    throw new ExpressionError(at, 'this is all claims at once', 'name one of them: claims.sub');
  // The words of a scope are one text in some tokens and a list in others; `scopes` has them from both.
  if (steps.length === 1 && (first === 'scope' || first === 'scp'))
    throw new ExpressionError(
      at,
      `claims.${first} may be a text of several words`,
      'write "orders:read" in scopes',
    );
  return {
    type: 'any',
    read: ({ consumer }) => memberAt(consumer?.claims, steps),
    asksWho: true,
    name: pathText(steps, end - at),
    isPublic: steps.length === 1 && first === 'sub',
    literal: undefined,
  };
}

function pathText(steps: Path['steps'], length: number): string {
  const text = steps.map((step) =>
    typeof step === 'string' && /^[A-Za-z_$][\w$-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`,
  );
  // As long as the operator wrote it, and not longer.
  return `claims${text.join('')}`.slice(0, Math.max(length + 16, 32));
}

/**
 * What lies at the end of a path: own members of objects by name, elements of lists by their place. Nothing is inherited:
 * `__proto__`, `constructor` and the `length` of a list are not there, unless somebody has written a claim of that name.
 */
function memberAt(claims: unknown, steps: readonly (string | number)[]): unknown {
  let value = claims;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) !== (typeof step === 'number') || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function unknownParam(param: string, at: number, paramNames: readonly string[]): ExpressionError {
  const message = `the path captures no parameter "${param}"`;
  const close = nearest(param, paramNames);
  if (close !== undefined) return new ExpressionError(at, message, `did you mean params.${close}?`);
  return new ExpressionError(
    at,
    message,
    paramNames.length === 0
      ? `name it in the route's path, e.g. path: /users/:${/^[A-Za-z_]\w*$/.test(param) ? param : 'id'}`
      : `the path captures ${paramNames.map((each) => `params.${each}`).join(', ')}`,
  );
}

function unknownName({ at, steps }: Path, name: string, paramNames: ParamNames): ExpressionError {
  const [root = ''] = steps;
  if (root === 'headers' || name.startsWith('request.header'))
    return new ExpressionError(
      at,
      'nobody has verified what a header says',
      'match it with `headers` of the route, or use a claim',
    );
  if (root === 'groups' || root === 'scopes')
    return new ExpressionError(at, `${root} has no ${name.slice(root.length + 1)}`, `write "x" in ${root}`);
  if (root === 'params' && steps.length === 1)
    return new ExpressionError(at, 'this is all parameters at once', 'name one of them: params.id');
  const known = [
    ...plain.keys(),
    ...(paramNames ?? []).map((each) => `params.${each}`),
    'claims',
    'claims.sub',
  ];
  const close = nearest(name, known) ?? nearestRoot(String(root), steps);
  const message = `there is no "${name}"`;
  if (close !== undefined) return new ExpressionError(at, message, `did you mean ${close}?`);
  return new ExpressionError(
    at,
    message,
    steps.length === 1
      ? `put a text in quotes: "${name}"`
      : 'use consumer.id, claims.<name>, groups, scopes, method, host, path, params.<name> or client.ip',
  );
}

/** `claim.role`, `param.id`: the first word alone may be what is mistyped. */
function nearestRoot(root: string, steps: Path['steps']): string | undefined {
  if (steps.length < 2) return undefined;
  const close = nearest(root, ['claims', 'params', 'consumer', 'client']);
  return close === undefined || close === root ? undefined : [close, ...steps.slice(1)].join('.');
}

import type { Exchange } from '../../core/exchange.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import { compileExpression, type Condition } from './compile-expression.ts';
import { ExpressionError } from './expression-error.ts';
import type { RuleOptions } from './options.ts';

/** What a rule asks for, in the order in which it does. */
export type Demand = 'consumers' | 'groups' | 'allow' | 'scopes';

/** A rule that is ready to be asked. */
export interface Rule {
  readonly name: string;
  /** Undefined for all. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Whether it looks at who is asking. */
  readonly asksWho: boolean;
  readonly consumers: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly scopes: readonly string[];
  readonly condition: Condition | undefined;
}

/**
 * Compiles a rule.
 * @param index in the list of rules.
 * @param paramNames the parameters that the route's path captures.
 * @throws PolicyOptionError when its expression has a mistake.
 */
export function compileRule(written: RuleOptions, index: number, paramNames: readonly string[]): Rule {
  const { name, methods, consumers, groups, scopes = [], allow } = written;
  const condition =
    allow === undefined ? undefined : compileAllow(allow, ['rules', index, 'allow'], paramNames);
  return {
    name,
    methods: methods === undefined ? undefined : new Set(withHead(methods)),
    asksWho:
      consumers !== undefined || groups !== undefined || scopes.length > 0 || condition?.asksWho === true,
    consumers: consumers === undefined ? undefined : new Set(consumers),
    groups: groups === undefined ? undefined : new Set(groups),
    scopes,
    condition,
  };
}

/** Whether a rule is for requests with this method. */
export function isFor({ methods }: Rule, method: string): boolean {
  return methods === undefined || methods.has(method);
}

/** The first of its demands that a request does not meet, or undefined when the rule holds. */
export function unmetDemand(rule: Rule, exchange: Exchange): Demand | undefined {
  const { consumer } = exchange;
  const { consumers, groups, scopes, condition } = rule;
  if (consumers !== undefined && !(consumer !== undefined && consumers.has(consumer.id))) return 'consumers';
  if (groups !== undefined && !hasAny(consumer?.groups, groups)) return 'groups';
  if (condition !== undefined && !condition.holds(exchange)) return 'allow';
  // Last, so that whoever is told of a scope needs nothing more than that.
  return scopes.length > 0 && missingScopes(rule, exchange).length > 0 ? 'scopes' : undefined;
}

/** The scopes of a rule that a request's credential does not have. */
export function missingScopes({ scopes }: Rule, { consumer }: Exchange): readonly string[] {
  const has: unknown = consumer?.scopes;
  // A text has pieces, and none of them is a scope.
  return Array.isArray(has) ? scopes.filter((scope) => !has.includes(scope)) : scopes;
}

function hasAny(list: unknown, wanted: ReadonlySet<unknown>): boolean {
  if (!Array.isArray(list)) return false;
  for (const item of list) if (wanted.has(item)) return true;
  return false;
}

/** A HEAD is a GET whose answer stays away (RFC 9110 §9.3.2); services treat it as one. */
function withHead(methods: readonly string[]): readonly string[] {
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

function compileAllow(
  allow: string | boolean,
  path: readonly (string | number)[],
  paramNames: readonly string[],
): Condition {
  try {
    return compileExpression(String(allow), paramNames);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new PolicyOptionError(path, error.found, error.remedy);
  }
}

import type { Exchange } from '../../core/exchange.ts';
import { foundIn } from '../../core/found-in.ts';
import type { Comparison } from './compile-expression.ts';
import type { Operand } from './operand.ts';
import { isFor, missingScopes, unmetDemand, type Rule } from './rule.ts';

/** What each rule says of a request, and why: free of claims but `sub`. */
export function explainRules(
  rules: readonly Rule[],
  otherwise: 'allow' | 'deny',
  exchange: Exchange,
): string[] {
  const { method } = exchange.request;
  const notes = exchange.consumer === undefined ? ['nobody is known'] : [];
  for (const rule of rules) {
    if (isFor(rule, method)) notes.push(...explainRule(rule, exchange));
    else notes.push(`${rule.name}: is not for ${method}`);
  }
  if (!rules.some((rule) => isFor(rule, method)))
    notes.push(`otherwise: ${otherwise}, no rule is for ${method}`);
  return notes;
}

function explainRule(rule: Rule, exchange: Exchange): string[] {
  const { name, consumers, groups, scopes, condition } = rule;
  const { consumer } = exchange;
  const id = consumer?.id;
  const lines = [`${name}: ${unmetDemand(rule, exchange) === undefined ? 'holds' : 'does not hold'}`];
  if (consumers !== undefined)
    lines.push(listed(id !== undefined && consumers.has(id), 'consumers', `consumer.id is ${shown(id)}`));
  if (groups !== undefined) {
    const has = consumer?.groups ?? [];
    lines.push(
      listed(
        has.some((group) => groups.has(group)),
        'groups',
        `groups are ${names(has)}`,
      ),
    );
  }
  for (const comparison of condition?.comparisons ?? []) lines.push(explainComparison(comparison, exchange));
  if (scopes.length > 0) {
    const missing = missingScopes(rule, exchange);
    lines.push(listed(missing.length === 0, 'scopes', `missing are ${names(missing)}`));
  }
  return lines;
}

function listed(holds: boolean, what: string, why: string): string {
  return `- ${what}: ${holds ? 'yes' : 'no'}, ${why}`;
}

function explainComparison({ text, holds, operands }: Comparison, exchange: Exchange): string {
  const values = operands.flatMap((operand) =>
    operand.name === undefined ? [] : [saying(operand, exchange)],
  );
  const written = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return `- ${[`${written}: ${holds(exchange) ? 'yes' : 'no'}`, ...values].join(', ')}`;
}

function saying({ name, read, isPublic }: Operand, exchange: Exchange): string {
  const value = read(exchange);
  if (Array.isArray(value) && isPublic) return `${name} are ${names(value.map(String))}`;
  return `${name} is ${isPublic ? shown(value) : kindOf(value)}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? foundIn(value) : kindOf(value);
}

/** What a claim is, and not what it says. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'not there';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}

function names(list: readonly string[]): string {
  const [first, ...others] = list.slice(0, 20).map((name) => foundIn(name));
  if (first === undefined) return 'none';
  return `${[first, ...others].join(', ')}${list.length > 20 ? ', …' : ''}`;
}

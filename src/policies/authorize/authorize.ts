import type { Exchange, Reply } from '../../core/exchange.ts';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { routableMethods } from '../../http/methods.ts';
import { explainRules } from './explain-rules.ts';
import { options } from './options.ts';
import { Refusals, type Refused } from './refusals.ts';
import { compileRule, isFor, unmetDemand, type Rule } from './rule.ts';

/**
 * Lets requests pass that rules allow, by who is asking and what for; refuses the others with 403 (`not_allowed`), or with 401
 * (`consumer_unknown`) when nobody knows who is asking.
 */
export const authorize = definePolicy({
  name: 'authorize',
  description: 'Lets requests pass by rules about who is asking and what for.',
  options,
  create({ rules: written, otherwise, challenge }, setup) {
    const rules = written.map((rule, index) => compileRule(rule, index, setup.paramNames));
    if (otherwise === 'allow' && rules.some(({ methods }) => methods === undefined))
      throw new PolicyOptionError(
        ['otherwise'],
        'a rule without `methods` is for every request, so that there is no other',
        'leave `otherwise` out, or write the `methods` of each rule',
      );
    const byMethod = new Map<string, readonly Rule[]>(
      routableMethods.map((method) => [method, rulesFor(rules, method)]),
    );
    const refusals = new Refusals(rules, challenge, setup);

    const check = (exchange: Exchange): Refused | undefined => {
      const { method } = exchange.request;
      const applicable = byMethod.get(method) ?? rulesFor(rules, method);
      for (const rule of applicable) {
        const demand = unmetDemand(rule, exchange);
        if (demand !== undefined) return { rule, demand };
      }
      return applicable.length > 0 || otherwise === 'allow'
        ? undefined
        : { rule: undefined, demand: undefined };
    };

    return {
      onRequest(exchange): Reply | undefined {
        const refused = check(exchange);
        if (refused === undefined) return undefined;
        refusals.note(exchange, refused);
        return refusals.answer(exchange, refused);
      },
      explain(exchange) {
        const refused = check(exchange);
        return {
          reply: refused === undefined ? undefined : refusals.answer(exchange, refused),
          notes: explainRules(rules, otherwise, exchange),
        };
      },
    };
  },
});

function rulesFor(rules: readonly Rule[], method: string): readonly Rule[] {
  return rules.filter((rule) => isFor(rule, method));
}

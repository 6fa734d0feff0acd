import { checkFieldName, compileOption, reservedRemedy } from '../../core/option-schemas.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import { GatewayError } from '../../core/errors.ts';
import type { Exchange } from '../../core/exchange.ts';
import { compileHeaderTemplate, type HeaderTemplate } from '../../core/header-template.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** Edits of one message's headers, as the operator writes them. */
export interface HeaderEdits {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string | readonly string[]>>;
  /** Names; one that ends in `*` stands for all that begin so. */
  readonly remove: readonly string[];
}

/** In which message the edits are made: a client's request is not to be trusted with look-alike names. */
export type Direction = 'request' | 'response';

/** A line to write. */
interface Line {
  readonly name: string;
  readonly value: HeaderTemplate;
}

/** Compiled edits: first what is removed, then what is set, then what is added. */
export interface HeaderRules {
  /**
   * @param lenient leaves out a line that cannot be written instead of failing.
   * @throws GatewayError `bad_request` or `bad_path` when a variable holds a control character.
   */
  apply(headers: HeaderList, exchange: Exchange, lenient: boolean): void;
}

/** What the gateway writes itself when it forwards a request, after every policy. */
const forwarding = new Set([
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);

/**
 * Compiles edits; undefined when there are none.
 * @throws PolicyOptionError for a name that is reserved or comes twice, and for a mistake in a template.
 */
export function compileHeaderRules(
  direction: Direction,
  edits: HeaderEdits,
  paramNames: readonly string[],
): HeaderRules | undefined {
  for (const [i, name] of edits.remove.entries()) checkRemoved([direction, 'remove', i], name, direction);
  const set = compileLines([direction, 'set'], direction, edits.set, paramNames);
  const add = compileLines([direction, 'add'], direction, edits.add, paramNames);
  checkTwice(direction, set);
  if (edits.remove.length + set.length + add.length === 0) return undefined;
  const isGone = removal(
    edits.remove,
    set.map(({ name }) => name),
    direction,
  );
  const written = [...set, ...add];
  const fixed = fixedLines(written);
  return {
    apply(headers, exchange, lenient) {
      // Rendered first: a variable that cannot be sent leaves the message as it was.
      const lines = fixed ?? renderLines(written, exchange, lenient);
      if (isGone !== undefined) headers.deleteWhere(isGone);
      for (const [name, value] of lines) headers.append(name, value);
    },
  };
}

/** The lines themselves when no variable is in them, so that nothing is rendered per exchange. */
function fixedLines(lines: readonly Line[]): [string, string][] | undefined {
  const fixed: [string, string][] = [];
  for (const { name, value } of lines) {
    if (value.constant === undefined) return undefined;
    if (value.constant !== '') fixed.push([name, value.constant]);
  }
  return fixed;
}

function renderLines(lines: readonly Line[], exchange: Exchange, lenient: boolean): [string, string][] {
  const rendered: [string, string][] = [];
  for (const { name, value } of lines) {
    try {
      const text = value.render(exchange);
      if (text !== '') rendered.push([name, text]);
    } catch (error) {
      if (!lenient || !(error instanceof GatewayError)) throw error;
    }
  }
  return rendered;
}

/**
 * Which lines go. In a request, `x_user` and `x.user` go with `x-user`: many services read all three as one name, and a
 * header that says who somebody is must not have a second voice (HARDENING F58).
 */
function removal(
  removed: readonly string[],
  set: readonly string[],
  direction: Direction,
): ((name: string) => boolean) | undefined {
  if (removed.length + set.length === 0) return undefined;
  const stars = removed.filter((name) => name.endsWith('*'));
  const prefixes = stars.map((name) => name.slice(0, -1).toLowerCase());
  const names = [...removed.filter((name) => !stars.includes(name)), ...set];
  const exact = new Set(names.map((name) => name.toLowerCase()));
  const matches = (name: string): boolean =>
    exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
  const isGone =
    direction === 'response'
      ? matches
      : (name: string): boolean =>
          matches(name) || (/[_.]/.test(name) && matches(name.replace(/[_.]/g, '-')));
  // A prefix is never meant for the lines that frame the message.
  return prefixes.length === 0 ? isGone : (name) => isGone(name) && reservedRemedy(name) === undefined;
}

function compileLines(
  path: readonly string[],
  direction: Direction,
  edits: Readonly<Record<string, string | readonly string[]>>,
  paramNames: readonly string[],
): Line[] {
  return Object.entries(edits).flatMap(([name, values]) => {
    checkName([...path, name], name, direction);
    const list = typeof values === 'string' ? [values] : values;
    return list.map((source, i) => {
      const at = typeof values === 'string' ? [...path, name] : [...path, name, i];
      return { name, value: compileOption(at, () => compileHeaderTemplate(source, paramNames)) };
    });
  });
}

function checkRemoved(path: readonly (string | number)[], name: string, direction: Direction): void {
  if (!name.endsWith('*')) return checkName(path, name, direction);
  if (name.length < 3) {
    throw new PolicyOptionError(
      path,
      `"${name}" would remove nearly every header`,
      'write a longer prefix, such as x-internal-*',
    );
  }
  return undefined;
}

function checkName(path: readonly (string | number)[], name: string, direction: Direction): void {
  if (direction === 'request' && forwarding.has(name.toLowerCase())) {
    throw new PolicyOptionError(
      path,
      `the gateway writes "${name}" itself`,
      'choose between X-Forwarded-* and Forwarded with `forwarded`, and name the proxies in front with `trustedProxies`',
    );
  }
  checkFieldName(path, name);
}

function checkTwice(direction: Direction, lines: readonly Line[]): void {
  const seen = new Set<string>();
  for (const { name } of lines) {
    const lower = name.toLowerCase();
    if (seen.has(lower)) {
      throw new PolicyOptionError(
        [direction, 'set', name],
        `"${name}" is set twice`,
        'keep one; use `add` for several lines',
      );
    }
    seen.add(lower);
  }
}

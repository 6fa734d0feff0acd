import type { Exchange } from './exchange.ts';
import { nearest } from './nearest.ts';
import {
  claimReader,
  headerReader,
  isPlainVariable,
  paramReader,
  plainReader,
  shownVariable,
  templateVariables,
  type TemplateVariable,
  type VariableReader,
} from './template-variables.ts';

/** The place of one variable in a template. */
export interface VariablePart {
  readonly variable: TemplateVariable;
  /** The whole name, as in `params.id`. */
  readonly name: string;
  readonly read: VariableReader;
}

/** A text with variables in it, compiled when a configuration is loaded. */
export interface Template {
  readonly source: string;
  /** The text itself, when there is no variable in it; undefined otherwise. */
  readonly constant: string | undefined;
  /** Literal texts and variables, in order. No literal is empty, and no two stand side by side. */
  readonly parts: readonly (string | VariablePart)[];
  /**
   * The text for one exchange, nothing encoded and nothing checked: for a place where every character is allowed. For
   * the value of a header see `compileHeaderTemplate`, for a path or a URL `compilePathTemplate` and `compileUrlTemplate`.
   */
  render(exchange: Exchange): string;
}

/** A mistake in a template, seen when a configuration is loaded. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** What to write instead. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Compiles a text in which `${client.ip}`, `${params.id}`, … stand for what an exchange has. `$${` is a literal `${`.
 * @param paramNames the parameters that the route's path captures.
 * @param allowed the variables that make sense at this place; all of them unless told otherwise.
 * @throws TemplateError when a variable does not exist, is not allowed here, or names a parameter that the path does not capture.
 */
export function compileTemplate(
  source: string,
  paramNames: readonly string[],
  allowed: readonly TemplateVariable[] = templateVariables,
): Template {
  const parts: (string | VariablePart)[] = [];
  let literal = '';
  let at = 0;
  while (at < source.length) {
    if (source.startsWith('$${', at)) {
      literal += '${';
      at += 3;
    } else if (source.startsWith('${', at)) {
      const end = source.indexOf('}', at);
      if (end === -1) throw unclosed(source.slice(at));
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(variablePart(source.slice(at + 2, end), paramNames, allowed));
      at = end + 1;
    } else {
      literal += source[at];
      at++;
    }
  }
  if (literal !== '') parts.push(literal);
  return templateOf(source, parts);
}

function templateOf(source: string, parts: readonly (string | VariablePart)[]): Template {
  if (parts.every((part) => typeof part === 'string')) {
    const constant = parts.join('');
    return { source, constant, parts, render: () => constant };
  }
  return { source, constant: undefined, parts, render: (exchange) => renderParts(parts, exchange) };
}

function renderParts(parts: readonly (string | VariablePart)[], exchange: Exchange): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : part.read(exchange);
  return text;
}

function variablePart(
  name: string,
  paramNames: readonly string[],
  allowed: readonly TemplateVariable[],
): VariablePart {
  if (name.startsWith('params.') && !allowed.includes('params')) throw notAllowed(name, allowed);
  const part = findVariable(name, paramNames);
  if (part === undefined) throw unknownVariable(name, paramNames, allowed);
  if (!allowed.includes(part.variable)) throw notAllowed(name, allowed);
  return part;
}

function findVariable(name: string, paramNames: readonly string[]): VariablePart | undefined {
  if (isPlainVariable(name)) return { variable: name, name, read: plainReader(name) };
  if (name.startsWith('params.')) {
    const param = name.slice('params.'.length);
    if (!paramNames.includes(param)) throw unknownParam(param, paramNames);
    return { variable: 'params', name, read: paramReader(param) };
  }
  if (name.startsWith('request.header.')) {
    const header = name.slice('request.header.'.length).toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(header)) {
      throw new TemplateError(
        `"${header}" is not a header name`,
        'write ${request.header.<name>}, e.g. ${request.header.user-agent}',
      );
    }
    return { variable: 'request.header', name, read: headerReader(header) };
  }
  if (name.startsWith('consumer.claims.')) return claimVariable(name, name.slice('consumer.claims.'.length));
  return undefined;
}

function claimVariable(name: string, path: string): VariablePart {
  if (path.split('.').includes('') || /[\s{]/.test(path)) {
    throw new TemplateError(
      `"${path}" is not the path of a claim`,
      'write ${consumer.claims.<path>}, e.g. ${consumer.claims.email} or ${consumer.claims.address.country}',
    );
  }
  return { variable: 'consumer.claims', name, read: claimReader(path) };
}

function notAllowed(name: string, allowed: readonly TemplateVariable[]): TemplateError {
  return new TemplateError(`\${${name}} cannot be used here`, `use one of ${list(allowed)}, or a fixed text`);
}

function unclosed(rest: string): TemplateError {
  const shown = rest.length > 24 ? `${rest.slice(0, 24)}…` : rest;
  return new TemplateError(
    `"${shown}" has no closing brace`,
    'close it with }, or write $${ for a literal ${',
  );
}

function unknownParam(param: string, paramNames: readonly string[]): TemplateError {
  const close = nearest(param, paramNames);
  if (close !== undefined) {
    return new TemplateError(
      `the path captures no parameter "${param}"`,
      `did you mean \${params.${close}}?`,
    );
  }
  const remedy =
    paramNames.length === 0
      ? `name it in the route's path, e.g. path: /users/:${/^[A-Za-z_]\w*$/.test(param) ? param : 'id'}`
      : `the path captures ${paramNames.map((name) => `\${params.${name}}`).join(', ')}`;
  return new TemplateError(`the path captures no parameter "${param}"`, remedy);
}

function unknownVariable(
  name: string,
  paramNames: readonly string[],
  allowed: readonly TemplateVariable[],
): TemplateError {
  const message = `there is no variable "${name}"`;
  const names = allowed.flatMap((variable): string[] => {
    if (variable === 'params') return paramNames.map((param) => `params.${param}`);
    return isPlainVariable(variable) ? [variable] : [];
  });
  const close = nearest(name, names);
  if (close !== undefined) return new TemplateError(message, `did you mean \${${close}}?`);
  return new TemplateError(message, `use one of ${list(allowed)}; write $\${ for a literal \${`);
}

function list(allowed: readonly TemplateVariable[]): string {
  return allowed.map(shownVariable).join(', ');
}

import type { Exchange } from '../../core/exchange.ts';
import { compileOption } from '../../core/option-schemas.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import { compileTemplate, type Template } from '../../core/template.ts';
import { escaperFor, type Escaper } from './escaping.ts';

/** What the operator wrote about the body. */
export interface BodyOptions {
  readonly body?: string | undefined;
  readonly json?: unknown;
  readonly contentType?: string | undefined;
  readonly template: boolean;
}

/** A body, ready to be sent. */
export interface CompiledBody {
  readonly contentType: string;
  /** The body itself when no variable is in it; undefined otherwise. */
  readonly constant: string | undefined;
  render(exchange: Exchange): string;
}

/**
 * Compiles the body of the answer; undefined when there is none.
 * @throws PolicyOptionError when it is given twice, is not JSON, or is a template of a type that cannot be escaped.
 */
export function compileBody(options: BodyOptions, paramNames: readonly string[]): CompiledBody | undefined {
  const option = options.json === undefined ? 'body' : 'json';
  if (options.body !== undefined && options.json !== undefined) {
    throw new PolicyOptionError(['json'], '`body` and `json` are two bodies', 'keep one of them');
  }
  const text = options.json === undefined ? options.body : jsonText(options.json);
  if (text === undefined) return withoutBody(options);
  const contentType =
    options.contentType ?? (option === 'json' ? 'application/json' : 'text/plain; charset=utf-8');
  if (!options.template) return { contentType, constant: text, render: () => text };

  const escape = escaperFor(contentType);
  if (escape === undefined) {
    throw new PolicyOptionError(
      ['template'],
      `variables cannot be escaped for ${contentType}`,
      'use them in plain text, JSON, HTML or XML, or leave `template` out',
    );
  }
  // In JSON text a variable can only stand inside a string: nothing else can hold a brace behind a dollar sign.
  const template = compileOption([option], () => compileTemplate(text, paramNames));
  if (escape.isMarkup) checkPlaces([option], template);
  if (template.constant !== undefined) {
    const constant = template.constant;
    return { contentType, constant, render: () => constant };
  }
  return { contentType, constant: undefined, render: (exchange) => renderBody(template, escape, exchange) };
}

function renderBody(template: Template, { escape }: Escaper, exchange: Exchange): string {
  let text = '';
  for (const part of template.parts) text += typeof part === 'string' ? part : escape(part.read(exchange));
  return text;
}

function withoutBody({ contentType, template }: BodyOptions): undefined {
  if (contentType !== undefined) {
    throw new PolicyOptionError(
      ['contentType'],
      'there is no body that has this type',
      'write a `body` or `json`',
    );
  }
  if (template)
    throw new PolicyOptionError(['template'], 'there is no body to fill in', 'write a `body` or `json`');
  return undefined;
}

function jsonText(value: unknown): string {
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch {
    // A BigInt or a cycle, which only a configuration in TypeScript can hold.
  }
  if (typeof text !== 'string') {
    throw new PolicyOptionError(
      ['json'],
      'the value cannot be written as JSON',
      'use texts, numbers, booleans, lists and mappings',
    );
  }
  return text;
}

/** Elements whose content a browser does not read as text. */
const opaque = /<(\/?)(script|style|iframe|noscript|template|textarea|title|xmp|plaintext)\b/gi;

/** An escaped value is harmless between tags. Inside one, in a script or in a style it may still be code. */
function checkPlaces(path: readonly string[], template: Template): void {
  let before = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      before += part;
      continue;
    }
    const lastOpaque = [...before.matchAll(opaque)].at(-1);
    if (endsInsideTag(before) || lastOpaque?.[1] === '') {
      throw new PolicyOptionError(
        path,
        `\${${part.name}} stands inside a tag, a script or a style, where no escaping makes it safe`,
        'put variables into the text between tags',
      );
    }
  }
}

/** Whether markup breaks off in the middle of a tag; a `>` in the quotes of an attribute does not end one. */
function endsInsideTag(markup: string): boolean {
  let inside = false;
  let quote = '';
  for (const character of markup) {
    if (!inside) inside = character === '<';
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else inside = character !== '>';
  }
  return inside;
}

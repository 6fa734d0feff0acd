import { isFieldValue, trimOws } from '../http/field.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { compileTemplate, TemplateError, type Template } from './template.ts';
import { headerText, isBelow, utf8Octets } from './template-encoding.ts';
import { templateVariables, type TemplateVariable } from './template-variables.ts';

/** The value of a header with variables in it, compiled when a configuration is loaded. */
export interface HeaderTemplate {
  readonly source: string;
  /** The value itself, when there is no variable in it; undefined otherwise. */
  readonly constant: string | undefined;
  /**
   * The value for one exchange: a valid field value in latin1, '' when the variables are all empty.
   * @throws GatewayError `bad_request` or `bad_path` when a variable holds CR, LF, NUL or another control.
   */
  render(exchange: Exchange): string;
}

/**
 * Compiles the value of a header. What is not ASCII, written or from a variable, leaves as UTF-8 octets.
 * @throws TemplateError as `compileTemplate`, and when the fixed text cannot stand in a header.
 */
export function compileHeaderTemplate(
  source: string,
  paramNames: readonly string[],
  allowed: readonly TemplateVariable[] = templateVariables,
): HeaderTemplate {
  // A YAML block leaves a line break at the end, which nobody means.
  const template = compileTemplate(source.trim(), paramNames, allowed);
  if (template.constant !== undefined) {
    const constant = literalText(template.constant);
    return { source, constant, render: () => constant };
  }
  const parts = template.parts.map((part) => (typeof part === 'string' ? literalText(part) : part));
  return { source, constant: undefined, render: (exchange) => renderParts(parts, exchange) };
}

function renderParts(parts: Template['parts'], exchange: Exchange): string {
  let value = '';
  let fromVariables = false;
  for (const part of parts) {
    if (typeof part === 'string') {
      value += part;
      continue;
    }
    const text = headerText(part.read(exchange), part);
    if (text !== '') fromVariables = true;
    value += text;
  }
  // `Bearer ${request.header.x-token}` without a token is no value: it would arrive as half of one.
  if (!fromVariables) return '';
  value = trimOws(value);
  // The encoding above lets nothing else through; this is the lock behind the door.
  if (!isFieldValue(value)) throw new GatewayError('bad_request', 'a header value is not valid');
  return value;
}

function literalText(text: string): string {
  const octets = isBelow(text, 0x80) ? text : utf8Octets(text.toWellFormed());
  if (!isFieldValue(octets)) {
    throw new TemplateError(
      'a header value cannot contain line breaks or other control characters',
      'write the value on one line; for several lines of one header use a list under `add`',
    );
  }
  return octets;
}

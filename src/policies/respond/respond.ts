import { z } from 'zod';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { compileHeaderTemplate, type HeaderTemplate } from '../../core/header-template.ts';
import { checkFieldName, compileOption } from '../../core/option-schemas.ts';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import { compileBody } from './body.ts';

const headerValue = z.string().max(8192);

const options = z.strictObject({
  status: z.int().min(200).max(599).default(200).describe('The status of the answer. Without it: 200.'),
  body: z
    .string()
    .max(1_048_576)
    .optional()
    .describe('The body as a text of at most 1 MiB. Without it: that of `json`, or none.'),
  json: z
    .unknown()
    .optional()
    .describe('The body as data, sent as JSON. Without it: that of `body`, or none.'),
  contentType: z
    .string()
    .max(200)
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: *;[ -~]*)?$/, {
      error: (issue) =>
        withRemedy(
          `${JSON.stringify(issue.input)} is not a media type`,
          'write one such as text/html; charset=utf-8',
        ),
    })
    .optional()
    .describe('The Content-Type. Without it: application/json for `json`, text/plain in UTF-8 for `body`.'),
  template: z
    .boolean()
    .default(false)
    .describe(
      'Whether ${client.ip}, ${params.id} and other variables are replaced in the body, escaped as its type asks for. Without it: no, the body is sent as it is.',
    ),
  headers: z
    .record(z.string(), z.union([headerValue, z.array(headerValue).min(1).max(100)]))
    .default({})
    .describe(
      'Headers of the answer, whose values may use variables; a list makes several lines. Without it: none but Content-Type.',
    ),
});

/** A header of the answer. */
interface Line {
  readonly name: string;
  readonly value: HeaderTemplate;
}

/** Answers by itself; no target is asked. */
export const respond = definePolicy({
  name: 'respond',
  description: 'Gives a fixed answer without asking a service.',
  options,
  alwaysAnswers: () => true,
  create(given, { paramNames }) {
    const { status } = given;
    const body = compileBody(given, paramNames);
    if (body !== undefined && (status === 204 || status === 205 || status === 304)) {
      throw new PolicyOptionError(
        ['status'],
        `an answer with status ${status} has no body`,
        'leave the body out, or write another status',
      );
    }
    const lines = compileLines(given.headers, paramNames);
    const typeLines: [string, string][] = body === undefined ? [] : [['content-type', body.contentType]];
    // What a client has put into the body must not be taken for anything but the type it was escaped for.
    if (given.template) typeLines.push(['x-content-type-options', 'nosniff']);
    const reply = (exchange: Exchange): Reply => ({
      status,
      headers: [...typeLines, ...renderLines(lines, exchange)],
      ...(body !== undefined && { body: body.render(exchange) }),
    });
    const isFixed =
      lines.every(({ value }) => value.constant !== undefined) &&
      (body === undefined || body.constant !== undefined);
    if (!isFixed) return { onRequest: reply };
    const fixed: Reply = {
      status,
      headers: [
        ...typeLines,
        ...lines.map(({ name, value }): [string, string] => [name, value.constant ?? '']),
      ],
      ...(body?.constant !== undefined && { body: Buffer.from(body.constant) }),
    };
    return { onRequest: () => fixed };
  },
});

function renderLines(lines: readonly Line[], exchange: Exchange): [string, string][] {
  return lines
    .map(({ name, value }): [string, string] => [name, value.render(exchange)])
    .filter(([, value]) => value !== '');
}

function compileLines(
  headers: Readonly<Record<string, string | readonly string[]>>,
  paramNames: readonly string[],
): Line[] {
  return Object.entries(headers).flatMap(([name, values]) => {
    checkFieldName(['headers', name], name);
    const list = typeof values === 'string' ? [values] : values;
    return list.map((source, i) => {
      const at = ['headers', name, ...(typeof values === 'string' ? [] : [i])];
      const value = compileOption(at, () => compileHeaderTemplate(source, paramNames));
      checkOwner(at, name.toLowerCase(), value);
      return { name, value };
    });
  });
}

/** Headers that another option or another policy writes with more care. */
function checkOwner(path: readonly (string | number)[], lowerName: string, value: HeaderTemplate): void {
  if (lowerName === 'content-type') {
    throw new PolicyOptionError(path, 'Content-Type has an option of its own', 'write it as `contentType`');
  }
  if (lowerName === 'location' && value.constant === undefined) {
    throw new PolicyOptionError(
      path,
      'a Location with variables could send clients to any site',
      'use the policy `redirect`, which keeps the host',
    );
  }
}

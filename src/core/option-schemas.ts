import { z } from 'zod';
import { isFieldName } from '../http/field.ts';
import { isHopByHop } from '../http/hop-by-hop.ts';
import { PolicyOptionError } from './policy.ts';
import { withRemedy } from './remedy.ts';
import { TemplateError } from './template.ts';

/** Fields that say how long a message is or to whom it goes. The gateway writes them itself. */
const framing: ReadonlyMap<string, string> = new Map([
  ['content-length', 'leave it out: the gateway writes the length of what it sends'],
  ['host', 'set preserveHost: true on the route to pass on the host that the client named'],
  ['expect', 'leave it out: the gateway answers an expectation itself'],
]);

/** The name of a header line, as one writes it: a token of at most 100 characters (RFC 9110 §5.1). */
export function fieldName(): z.ZodString {
  return z
    .string()
    .max(100, {
      error: () => withRemedy('a header name is longer than 100 characters', 'write a shorter name'),
    })
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, {
      error: (issue) =>
        withRemedy(
          `${JSON.stringify(issue.input)} is not a header name`,
          'write letters, digits and hyphens, such as x-request-id',
        ),
    });
}

/**
 * What to do instead of writing a field that is the gateway's own, or undefined when a policy may write it: fields of one connection (RFC 9110 §7.6.1) and
 * those that frame a message.
 * @param lowerName in lower case.
 */
export function reservedRemedy(lowerName: string): string | undefined {
  if (isHopByHop(lowerName))
    return 'leave it out: it concerns one connection only, and the gateway writes it';
  return framing.get(lowerName);
}

/**
 * Compiles a part of a policy's options, and reports the mistake of a template where that option stands.
 * @throws PolicyOptionError for a TemplateError.
 */
export function compileOption<Compiled>(
  path: readonly (string | number)[],
  compile: () => Compiled,
): Compiled {
  try {
    return compile();
  } catch (error) {
    if (error instanceof TemplateError) throw new PolicyOptionError(path, error.message, error.remedy);
    throw error;
  }
}

/**
 * Checks the name of a header that a policy writes.
 * @throws PolicyOptionError when it is none, or the gateway's own.
 */
export function checkFieldName(path: readonly (string | number)[], name: string): void {
  if (!isFieldName(name)) {
    throw new PolicyOptionError(path, `"${name}" is not a header name`, 'write letters, digits and hyphens');
  }
  const remedy = reservedRemedy(name.toLowerCase());
  if (remedy !== undefined) throw new PolicyOptionError(path, `a policy cannot write "${name}"`, remedy);
}

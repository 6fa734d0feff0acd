import { isIP } from 'node:net';
import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { parseHost } from '../../http/host.ts';

/** A whole number between two bounds, both included. */
export function integer(min: number, max: number): z.ZodNumber {
  const remedy = `write a whole number from ${min} to ${max}`;
  return z
    .int({
      error: (issue) =>
        withRemedy(`${foundIn(issue.input)} is ${Number.isInteger(issue.input) ? 'out of range' : 'not a whole number'}`, remedy),
    })
    .min(min, { error: (issue) => withRemedy(`${String(issue.input)} is out of range`, remedy) })
    .max(max, { error: (issue) => withRemedy(`${String(issue.input)} is out of range`, remedy) });
}

/** A number between two bounds, both included. */
export function fraction(min: number, max: number): z.ZodNumber {
  const remedy = `write a number from ${min} to ${max}`;
  return z
    .number({ error: (issue) => withRemedy(`${foundIn(issue.input)} is not a number`, remedy) })
    .min(min, { error: (issue) => withRemedy(`${String(issue.input)} is out of range`, remedy) })
    .max(max, { error: (issue) => withRemedy(`${String(issue.input)} is out of range`, remedy) });
}

/** A string that a function accepts; the pattern is what the editor's schema says about it. */
export function text(
  accepts: (value: string) => boolean,
  what: string,
  remedy: string,
  pattern?: string,
): z.ZodString {
  const schema = z
    .string({ error: (issue) => withRemedy(`expected ${what}, found ${foundIn(issue.input)}`, remedy) })
    .refine(accepts, { error: (issue) => withRemedy(`${foundIn(issue.input)} is not ${what}`, remedy) });
  return pattern === undefined ? schema : schema.meta({ pattern });
}

/** A host name as one writes it in a configuration: neither an address nor with a port. */
export function isHostName(value: string): boolean {
  const host = parseHost(value);
  return host !== undefined && host.port === undefined && !value.includes(':') && !/^[\d.]+$/.test(value);
}

/** An IP address or a host name. */
export function isHost(value: string): boolean {
  return isIP(value) !== 0 || isHostName(value);
}

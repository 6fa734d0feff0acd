import { isSecretName } from '../config/substitute.ts';
import type { Draft } from './draft.ts';
import type { Place, ReportWriter } from './report.ts';

/**
 * Puts a secret of the source into the environment.
 * @param wanted what the variable could be called, in words of the source.
 * @param holds what it has to hold, for the report.
 * @returns what stands in the configuration in place of it.
 */
export function moveSecret(
  draft: Draft,
  report: ReportWriter,
  wanted: string,
  value: string,
  holds: string,
  place?: Place,
): string {
  const base = variableName(wanted);
  let name = base;
  for (let number = 2; (draft.secrets.get(name) ?? value) !== value; number++) name = `${base}_${number}`;
  draft.secrets.set(name, value);
  report.moveSecret(name, holds, place);
  return `\${${name}}`;
}

/** Whether the value of a header is one that nobody should read, by its name or by what it looks like. */
export function isSecretHeader(name: string, value: string): boolean {
  return (
    isSecretName(name) ||
    /^(?:bearer|basic|token|apikey)\s+\S/i.test(value) ||
    /\bkey\b|-key$|_key$|^key/i.test(name)
  );
}

/** Upper case, and a name that promises a secret, so that the gateway masks it. */
function variableName(wanted: string): string {
  const name = wanted
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^[^A-Z]+|_+$/g, '')
    .slice(0, 60);
  if (name === '') return 'IMPORTED_SECRET';
  return isSecretName(name) ? name : `${name}_SECRET`;
}

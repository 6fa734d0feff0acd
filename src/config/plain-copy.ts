import type { Finding } from './finding.ts';
import { GivenPolicy } from './given-policy.ts';

/** As deep as `readYaml` goes. */
const maxDepth = 64;

/** How many values a configuration may hold: more than a file of 5 MB can. */
const maxValues = 2_000_000;

/**
 * A copy of a configuration that came from a program: nothing in it can change later, and it has an end. What is
 * neither a list nor a plain object is left as it is, for the schema to refuse; so is a policy that stands in it.
 */
export function plainCopy(value: unknown): {
  readonly value: unknown;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  let left = maxValues;
  const copy = (from: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof from !== 'object' || from === null || left-- <= 0) return from;
    if (path.length === 2 && path[0] === 'policyModules')
      return from instanceof GivenPolicy ? from : new GivenPolicy(from);
    const prototype: unknown = Object.getPrototypeOf(from);
    const plain = prototype === null || prototype === Object.prototype;
    if (!plain && !Array.isArray(from)) return from;
    if (path.length >= maxDepth) {
      if (findings.length === 0) {
        const found = `this is nested deeper than ${maxDepth} levels, or contains itself`;
        findings.push({ path: path.slice(0, 8), found, remedy: 'write it flatter' });
      }
      return undefined;
    }
    if (Array.isArray(from)) return from.map((item, index) => copy(item, [...path, index]));
    const entries = Object.entries(from).map(([key, member]): [string, unknown] => [
      key,
      copy(member, [...path, key]),
    ]);
    for (const [key] of entries) {
      if (key !== '__proto__' && key !== 'constructor' && key !== 'prototype') continue;
      findings.push({
        path: [...path, key],
        at: 'key',
        found: `${JSON.stringify(key)} cannot be a key`,
        remedy: 'leave it out, or use another name',
      });
    }
    // An option that is undefined is one that was not given.
    return Object.fromEntries(entries.filter(([, member]) => member !== undefined));
  };
  let copied: unknown;
  try {
    copied = copy(value, []);
  } catch (error) {
    // Getters and proxies run code of their own.
    const reason = error instanceof Error ? error.message : String(error);
    findings.push({
      path: [],
      found: `the configuration cannot be read: ${reason}`,
      remedy: 'write plain values',
    });
  }
  if (left <= 0)
    findings.push({
      path: [],
      found: 'the configuration holds more than two million values',
      remedy: 'write less',
    });
  return { value: copied, findings };
}

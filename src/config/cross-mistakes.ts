import type { PolicyDefinition } from '../core/policy.ts';
import type { Finding } from './finding.ts';
import type { ConfigDocument } from './schema/document.ts';

/** The mistakes that no key shows by itself: names that do not exist, options that exclude each other, loops. */
export function crossMistakes(_document: ConfigDocument, _policies: readonly PolicyDefinition[]): Finding[] {
  return [];
}

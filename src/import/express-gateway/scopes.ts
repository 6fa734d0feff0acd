import type { DraftPolicy } from '../draft.ts';
import type { Place } from '../report.ts';
import type { PolicyReader } from './policy-reader.ts';

/** What the scopes of an endpoint ask of a token, behind the policy that has verified it. */
export function scopePolicies({ report, scopes }: PolicyReader, place: Place): readonly DraftPolicy[] {
  if (scopes.length === 0) return [];
  report.approximate(
    `scopes ${scopes.join(', ')}`,
    'the policy authorize',
    'a token must have all of them',
    place,
  );
  return [{ name: 'authorize', options: { rules: [{ name: 'scopes', scopes }] }, protects: true }];
}

/** Keys that are looked for where they do not stand, or that ours may have one day: not misspelt. */
const elsewhere: Readonly<Record<string, string | undefined>> = {
  tls: 'TLS for clients is not supported yet: let a load balancer or nginx in front terminate it',
  redis: 'it stands at the top of the configuration, and is for all policies: redis: redis://localhost:6379',
  health: 'health checks are not supported yet: leave it out',
};

/** What to write instead of a key that nobody knows. */
export function unknownKeyRemedy(
  path: readonly (string | number)[],
  meant: string | undefined,
  known: readonly string[],
): string {
  const key = String(path.at(-1));
  if (meant !== undefined) return `did you mean "${meant}"?`;
  if (Object.hasOwn(elsewhere, key)) return elsewhere[key] ?? '';
  if (key === '<<') return 'write the keys out, or use the anchor for a whole value';
  if (known.length === 0) return 'leave it out: nothing can stand here';
  return `leave it out, or write one of ${known.toSorted().join(', ')}`;
}

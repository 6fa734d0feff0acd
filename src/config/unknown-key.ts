/** Keys that other gateways have, or that ours may have one day: said to be missing rather than misspelt. */
const notYet: Readonly<Record<string, string | undefined>> = {
  tls: 'TLS for clients is not supported yet: let a load balancer or nginx in front terminate it',
  redis: 'Redis is not supported yet: leave it out, and everything lives in this process',
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
  if (Object.hasOwn(notYet, key)) return notYet[key] ?? '';
  if (key === '<<') return 'write the keys out, or use the anchor for a whole value';
  if (known.length === 0) return 'leave it out: nothing can stand here';
  return `leave it out, or write one of ${known.toSorted().join(', ')}`;
}

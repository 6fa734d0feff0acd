/** An entity-tag as it stands in a field: `"x"` or `W/"x"` (RFC 9110 §8.8.3). */
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const member = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Whether the text is one entity-tag. */
export function isEntityTag(text: string): boolean {
  return entityTag.test(text);
}

/** Whether two entity-tags are the same, weak or not (RFC 9110 §8.8.3.2, weak comparison). */
export function weaklyMatches(a: string, b: string): boolean {
  return a.replace(/^W\//, '') === b.replace(/^W\//, '');
}

/** Whether two entity-tags are the same and neither is weak (RFC 9110 §8.8.3.2, strong comparison). */
export function stronglyMatches(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/');
}

/**
 * Whether an `If-None-Match` names the entity-tag (RFC 9110 §13.1.2): `*` names every one.
 * @param value the lines of the field, joined by commas.
 * @param tag that of the representation; undefined for one that has none.
 */
export function noneMatchNames(value: string, tag: string | undefined): boolean {
  if (value.trim() === '*') return true;
  return tag !== undefined && [...value.matchAll(member)].some(([listed]) => weaklyMatches(listed, tag));
}

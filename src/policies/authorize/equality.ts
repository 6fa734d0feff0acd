/**
 * Whether two values are the same: two texts, two numbers or two truth values. What is not there equals nothing, not even
 * something else that is not there; neither do null, lists and objects.
 */
export function areEqual(left: unknown, right: unknown): boolean {
  return areComparable(left, right) && left === right;
}

/** Whether two values are there, of one kind, and differ. */
export function areDifferent(left: unknown, right: unknown): boolean {
  return areComparable(left, right) && left !== right;
}

/** Whether a list has a value; what is no list has none. */
export function isIn(value: unknown, list: unknown): boolean {
  if (!Array.isArray(list)) return false;
  for (const item of list) if (areEqual(value, item)) return true;
  return false;
}

/**
 * Whether a number is one that can be told from its neighbours: a claim with 9007199254740993 has been rounded when it was
 * read, and equals that of somebody else.
 */
export function isExact(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function areComparable(left: unknown, right: unknown): boolean {
  if (typeof left === 'number') return isExact(left) && isExact(right);
  return typeof left === typeof right && (typeof left === 'string' || typeof left === 'boolean');
}

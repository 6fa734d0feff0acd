import { isLoopback } from './target.ts';
import { isSecretName, type Substitution } from './substitute.ts';

/** What a mistake must not show, and what it shows instead. */
export interface Hidden {
  readonly value: string;
  readonly shown: string;
}

/** The shortest text that can be a secret; shorter ones are all over every other text. */
const minSecret = 4;

/**
 * What must not be shown of a document: everything that came from outside the file, and texts under keys whose names
 * promise a secret.
 */
export function hiddenIn(document: unknown, substitutions: readonly Substitution[]): Hidden[] {
  // What is around a value in its text need not be hidden, and the values are few, however many places have them.
  const hidden = substitutions.flatMap(hiddenPieces);
  collectSecrets(document, false, hidden);
  const shownFor = new Map(hidden.map(({ value, shown }) => [value, shown]));
  const distinct = [...shownFor].map(([value, shown]) => ({ value, shown }));
  return allForms(distinct.filter(({ value }) => value.length >= minSecret && !isLoopback(value)));
}

/** Each text as it may come up: in quotes, in quotes and cut, and bare. The longest first, for one may contain another. */
function allForms(hidden: readonly Hidden[]): Hidden[] {
  const forms = hidden.flatMap(({ value, shown }) => {
    const quoted = JSON.stringify(value);
    return [quoted, `${quoted.slice(0, 60)}…`, value].map((form) => ({ value: form, shown }));
  });
  return forms.toSorted((a, b) => b.value.length - a.value.length);
}

/** What of a substitution does not stand in the file. */
function hiddenPieces({ pieces }: Substitution): Hidden[] {
  return pieces
    .filter((piece) => !piece.visible && piece.value !== '')
    .map((piece) => ({ value: piece.value, shown: piece.written }));
}

/** A text without what is hidden, replaced in one go, so that what is put in is not replaced again. */
export function hideIn(text: string, hidden: readonly Hidden[]): string {
  const present = hidden.filter(({ value }) => text.includes(value));
  if (present.length === 0) return text;
  const shownFor = new Map(present.map(({ value, shown }) => [value, shown]));
  const any = new RegExp(present.map(({ value }) => escapeRegExp(value)).join('|'), 'g');
  return text.replace(any, (form) => shownFor.get(form) ?? '');
}

/**
 * The words of a mistake about a value that came from outside, without that value: not even a part of it, such as the
 * scheme of a URL, and however short it is.
 */
export function hideAt(
  words: { found: string; remedy: string },
  substitution: Substitution,
): { found: string; remedy: string } {
  const parts = hiddenPieces(substitution);
  const hidden =
    parts.length === 0 ? [] : [{ value: substitution.value, shown: substitution.written }, ...parts];
  const names = substitution.pieces.map((piece) => piece.written);
  const found = hideIn(words.found, allForms(hidden.filter(({ value }) => value.length >= minSecret)));
  const rest = [substitution.written, ...names].reduce((text, name) => text.replaceAll(name, ''), found);
  return {
    found: hidden.some(({ value }) => betrays(rest, value))
      ? `the value of ${substitution.written} cannot stand here`
      : found,
    remedy: hidden.some(({ value }) => betrays(words.remedy, value))
      ? `check what ${names.join(' and ')} ${names.length === 1 ? 'stands' : 'stand'} for`
      : words.remedy,
  };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Whether a text contains a secret, or has a word of four letters or more in common with it. */
function betrays(text: string, secret: string): boolean {
  if (secret.length < minSecret)
    return text.split(/[^A-Za-z0-9._-]+/).includes(secret) || text.includes(JSON.stringify(secret));
  const folded = secret.toLowerCase();
  if (text.toLowerCase().includes(folded)) return true;
  return text
    .split(/[^A-Za-z0-9]+/)
    .some((word) => word.length >= minSecret && folded.includes(word.toLowerCase()));
}

/** A line of the file with secrets that are written out in it masked, each character by one star, so that columns stay. */
export function maskLine(line: string, hidden: readonly Hidden[]): string {
  const out = hideIn(
    line,
    hidden
      .filter(({ shown }) => shown === masked)
      .map(({ value }) => ({ value, shown: '*'.repeat(value.length) })),
  );
  const stars = (text: string): string => '*'.repeat(text.length);
  return out
    .replace(/(:\/\/)([^\s/@"']+)(?=@)/g, (_, slashes: string, userInfo: string) => slashes + stars(userInfo))
    .replace(passwordDigest, stars)
    .replace(secretPair, (all, key: string, value: string) =>
      value.startsWith('${') ? all : key + stars(value),
    );
}

/** A key that promises a secret, and its value unless that is a mapping: also in a text that could not be read as a whole. */
const secretPair =
  /((?:token|secret|passw(?:or)?d|passphrase|credentials?|authorization|cookie|(?:api|private|access|signing|encryption)[-_]?key|digest|keys)["']?[ \t]{0,20}:(?![ \t]*\{)[ \t]{0,20}\[?["']?)([^"',}\]]*[^"',}\]\s])/gi;

/** The digest of a password, from which it may be guessed: `$scrypt$…`, `$2b$…` and their like. */
const passwordDigest = /\$(?:scrypt|argon2\w{0,2}|apr1|y|\d[abxy]?)\$[^\s"'}\]]+/g;

/** What of the substitutions is a secret for good: it came from a file, or from a variable whose name promises one. */
export function secretTexts(substitutions: readonly Substitution[]): string[] {
  const texts = new Set<string>();
  for (const { value, pieces } of substitutions) {
    const secret = pieces.filter((piece) => piece.secret && piece.value !== '');
    if (secret.length > 0) texts.add(value);
    for (const piece of secret) texts.add(piece.value);
  }
  return [...texts];
}

/** What is shown of a secret that is written out in the file. */
const masked = '***';

/** Keys of policies' options below which there are digests, or what somebody has taken for one: a key or password in clear text. */
const digestName = /^(?:keys|digests?)$/i;

function collectSecrets(value: unknown, secret: boolean, hidden: Hidden[]): void {
  if (typeof value === 'string') {
    if (secret && !value.includes('${')) hidden.push({ value, shown: masked });
  } else if (typeof value === 'number') {
    // A password of digits that somebody has not put in quotes.
    if (secret) hidden.push({ value: String(value), shown: masked });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key === 'policies' && Array.isArray(member)) collectFromPolicies(member, secret, hidden);
      else collectSecrets(member, secret || isSecretName(key) || digestName.test(key), hidden);
    }
  }
}

/** The name of a policy promises nothing about its options: `api-key` has a header and names of consumers, too. */
function collectFromPolicies(policies: readonly unknown[], secret: boolean, hidden: Hidden[]): void {
  for (const use of policies) {
    if (typeof use !== 'object' || use === null) continue;
    for (const [name, options] of Object.entries(use))
      collectSecrets(options, secret || (typeof options === 'string' && isSecretName(name)), hidden);
  }
}

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
 * promise a secret. The longest comes first, for one may contain another.
 */
export function hiddenIn(document: unknown, substitutions: readonly Substitution[]): Hidden[] {
  const hidden: Hidden[] = [];
  for (const { written, value, pieces } of substitutions) {
    hidden.push(
      { value, shown: written },
      ...pieces.map((piece) => ({ value: piece.value, shown: piece.written })),
    );
  }
  collectSecrets(document, false, hidden);
  return hidden
    .filter(({ value }) => value.length >= minSecret && !isLoopback(value))
    .toSorted((a, b) => b.value.length - a.value.length);
}

/** A text without what is hidden. */
export function hideIn(text: string, hidden: readonly Hidden[]): string {
  let out = text;
  for (const { value, shown } of hidden) {
    const quoted = JSON.stringify(value);
    out = out
      .replaceAll(quoted, shown)
      .replaceAll(`${quoted.slice(0, 60)}…`, shown)
      .replaceAll(value, shown);
  }
  return out;
}

/**
 * The words of a mistake about a value that came from outside, without that value: not even a part of it, such as the
 * scheme of a URL, and however short it is.
 */
export function hideAt(
  words: { found: string; remedy: string },
  substitution: Substitution,
): { found: string; remedy: string } {
  const { written, value, pieces } = substitution;
  const secrets = [value, ...pieces.map((piece) => piece.value)].filter((text) => text !== '');
  const hidden = secrets.map((secret) => ({ value: secret, shown: written }));
  const found = hideIn(
    words.found,
    hidden.filter(({ value: text }) => text.length >= minSecret),
  );
  const generic = `the value of ${written} cannot stand here`;
  return {
    found: secrets.some((secret) => betrays(found.replaceAll(written, ''), secret)) ? generic : found,
    remedy: secrets.some((secret) => betrays(words.remedy, secret))
      ? `give ${written} another value`
      : words.remedy,
  };
}

/** Whether a text contains a secret, or has a word of four letters or more in common with it. */
function betrays(text: string, secret: string): boolean {
  if (secret.length < minSecret)
    return text.split(/[^A-Za-z0-9._-]+/).includes(secret) || text.includes(JSON.stringify(secret));
  if (text.includes(secret)) return true;
  return text.split(/[^A-Za-z0-9]+/).some((word) => word.length >= minSecret && secret.includes(word));
}

/** A line of the file with secrets that are written out in it masked, each character by one star, so that columns stay. */
export function maskLine(line: string, hidden: readonly Hidden[]): string {
  let out = line;
  for (const { value, shown } of hidden) {
    if (shown === masked) out = out.replaceAll(value, '*'.repeat(value.length));
  }
  return out.replace(
    /(:\/\/)([^\s/@"']+)(?=@)/g,
    (_, slashes: string, userInfo: string) => slashes + '*'.repeat(userInfo.length),
  );
}

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

function collectSecrets(value: unknown, secret: boolean, hidden: Hidden[]): void {
  if (typeof value === 'string') {
    if (secret && !value.includes('${')) hidden.push({ value, shown: masked });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value))
      collectSecrets(member, secret || isSecretName(key), hidden);
  }
}

import { escapeRegExp } from './regular-expression.ts';
import { literal, type DraftPath } from './draft.ts';

/** A path, and what the service sees in its place. */
export interface ChangedPath {
  readonly path: DraftPath;
  readonly stripPrefix?: true;
  readonly rewrite?: string;
}

/**
 * A prefix of which the service sees another: the simplest way to write that.
 *
 * @param prefix without a slash at its end; empty for all paths.
 * @param replacement likewise.
 * @param bare what the service sees for the prefix alone: the replacement with a slash at its end (`slash`), as where the
 *   prefix is a mount path, or just the replacement.
 */
export function replacePrefix(prefix: string, replacement: string, bare: 'slash' | 'none'): ChangedPath {
  const path: DraftPath = { type: 'prefix', value: prefix === '' ? '/' : prefix };
  if (prefix === replacement) return { path };
  if (replacement === '') return { path, stripPrefix: true };
  if (replacement.endsWith(prefix)) {
    const front = replacement.slice(0, replacement.length - prefix.length);
    return { path, rewrite: `${literal(front)}\${request.path}` };
  }
  const rest = bare === 'slash' ? '(?:/(?<rest>.*))?' : '(?<rest>/.*)?';
  return {
    path: { type: 'regex', value: `${escapeRegExp(prefix)}${rest}` },
    rewrite: `${literal(replacement)}${bare === 'slash' ? '/' : ''}\${params.rest}`,
  };
}

/** What a rule such as `^/api` → `/v2` does: paths that begin with one text begin with another. */
export interface PrefixRule {
  readonly from: string;
  readonly to: string;
  /** Whether only the text itself is meant, with nothing behind it. */
  readonly whole: boolean;
}

/**
 * Reads a replacement by a regular expression, as far as it is one of beginnings: `^/api` or `^/api/(.*)$`.
 * @returns undefined for all others.
 */
export function prefixRule(source: string, replacement: string): PrefixRule | undefined {
  const match = /^\^((?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9])*)(\((\/?)\.\*\)(?<optional>\?)?)?(\$)?$/.exec(
    source,
  );
  if (match === null) return undefined;
  const [, written = '', group, slash = '', , end] = match;
  const from = written.replace(/\\(.)/g, '$1');
  if (group === undefined) {
    return /[$\\]/.test(replacement) ? undefined : { from, to: replacement, whole: end !== undefined };
  }
  const front = /^([^$\\]*)(?:\$1|\\1)$/.exec(replacement)?.[1];
  return front === undefined ? undefined : { from: `${from}${slash}`, to: `${front}${slash}`, whole: false };
}

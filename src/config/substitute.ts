import { nearest } from '../core/nearest.ts';
import type { Finding } from './finding.ts';

type Path = readonly (string | number)[];

/** A value of which a part or the whole came from outside the file. */
export interface Substitution {
  readonly path: Path;
  /** What stands in the file, such as `${TOKEN}`. */
  readonly written: string;
  /** The whole text after the replacement. */
  readonly value: string;
  /** Whether the text was one `${…}` and nothing else, so that it may stand for a number or a truth value. */
  readonly whole: boolean;
  /** What each `${…}` in it was replaced by. */
  readonly pieces: readonly Piece[];
}

/** What one `${…}` was replaced by. */
export interface Piece {
  /** As it stands in the file, such as `${file:/run/secrets/token}`. */
  readonly written: string;
  readonly value: string;
  /** Whether it came from a file, or from a variable whose name promises a secret. */
  readonly secret: boolean;
  /** Whether it stands in the file anyway, as the default. */
  readonly visible: boolean;
}

/** Where values come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file that {@link filesNamedIn} found, or why it could not be read. */
  readonly files: ReadonlyMap<string, FileText>;
}

/** The text of a file, or why it could not be read. */
export type FileText = { readonly text: string } | { readonly problem: string; readonly remedy: string };

/** What {@link substitute} made of a document. */
export interface Substituted {
  readonly value: unknown;
  readonly substitutions: readonly Substitution[];
  readonly findings: readonly Finding[];
}

/** Whether a name promises a secret behind it. */
export function isSecretName(name: string): boolean {
  return /token|secret|passw|passphrase|credential|authoriz|cookie|(api|private|access|signing|encryption)[-_]?key/i.test(
    name,
  );
}

/** The files that a document takes values from, each once, as written. */
export function filesNamedIn(document: unknown): Set<string> {
  const files = new Set<string>();
  eachText(document, [], (text, path) => {
    for (const placeholder of placeholders(text, isTemplate(path))) {
      if (placeholder.kind === 'file') files.add(placeholder.name);
    }
    return text;
  });
  return files;
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:…}` in the texts of a document, never in keys, and makes `${` of
 * `$${`. Where a text is a template, which an exchange fills in later, what is left over stays as it is.
 */
export function substitute(document: unknown, sources: Sources): Substituted {
  const substitutions: Substitution[] = [];
  const findings: Finding[] = [];
  const value = eachText(document, [], (text, path) => {
    const pieces: Piece[] = [];
    let out = '';
    let copied = 0;
    const all = placeholders(text, isTemplate(path));
    for (const placeholder of all) {
      out += text.slice(copied, placeholder.start);
      copied = placeholder.end;
      const replacement = resolve(placeholder, sources);
      if (typeof replacement === 'string') {
        out += replacement;
        if (placeholder.kind === 'escape') continue;
        const { kind, name, fallback, start, end } = placeholder;
        const secret = kind === 'file' || isSecretName(name);
        pieces.push({
          written: text.slice(start, end),
          value: replacement,
          secret,
          visible: replacement === fallback,
        });
      } else {
        findings.push({ path, ...replacement });
      }
    }
    out += text.slice(copied);
    if (pieces.length === 0) return out;
    const whole = all.length === 1 && all[0]?.start === 0 && all[0].end === text.length;
    substitutions.push({ path, written: text, value: out, whole, pieces });
    return out;
  });
  return { value, substitutions, findings };
}

interface Placeholder {
  readonly start: number;
  readonly end: number;
  readonly kind: 'env' | 'file' | 'escape' | 'malformed';
  /** The variable, the file, or the whole inside of what is malformed. */
  readonly name: string;
  readonly fallback?: string;
  readonly closed: boolean;
}

/** Finds what is to be replaced. In a template, `$${` and whatever is not ours is the template's own business. */
function placeholders(text: string, template: boolean): Placeholder[] {
  const found: Placeholder[] = [];
  for (const match of text.matchAll(/\$\$\{|\$\{([^{}]*)(\}?)/g)) {
    const [whole, inside, close] = match;
    const range = { start: match.index, end: match.index + whole.length, closed: close === '}' };
    if (inside === undefined) {
      if (!template) found.push({ ...range, kind: 'escape', name: '' });
      continue;
    }
    const env = /^([A-Z_][A-Z0-9_]*)(?::-(.*))?$/s.exec(inside);
    if (close === '}' && env !== null) {
      found.push({
        ...range,
        kind: 'env',
        name: env[1] ?? '',
        ...(env[2] !== undefined && { fallback: env[2] }),
      });
    } else if (close === '}' && inside.startsWith('file:')) {
      found.push({ ...range, kind: 'file', name: inside.slice('file:'.length).trim() });
    } else if (!template || /^[A-Z_]|^file:/.test(inside)) {
      found.push({ ...range, kind: 'malformed', name: inside });
    }
  }
  return found;
}

/** A policy's options, `rewrite` and the headers of `identity` may hold templates; see `core/template.ts`. */
function isTemplate(path: Path): boolean {
  return (
    path[0] === 'policies' ||
    path[0] === 'identity' ||
    (path[0] === 'routes' && (path[2] === 'policies' || path[2] === 'rewrite'))
  );
}

function resolve(placeholder: Placeholder, { env, files }: Sources): string | Omit<Finding, 'path'> {
  const { kind, name, fallback } = placeholder;
  switch (kind) {
    case 'escape':
      return '${';
    case 'malformed':
      return malformed(name, placeholder.closed);
    case 'file': {
      if (name === '') return { found: '${file:} names no file', remedy: 'write ${file:/run/secrets/name}' };
      const file = files.get(name) ?? { problem: 'was not read', remedy: 'name another file' };
      return 'text' in file
        ? file.text
        : { found: `the file ${JSON.stringify(name)} ${file.problem}`, remedy: file.remedy };
    }
    case 'env':
    default: {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      // As in a shell, `:-` is also for a variable that is set but empty.
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      return value ?? missingVariable(name, env);
    }
  }
}

function missingVariable(name: string, env: Readonly<Record<string, unknown>>): Omit<Finding, 'path'> {
  const meant = nearest(
    name,
    Object.keys(env).filter((candidate) => /^[A-Z_][A-Z0-9_]*$/.test(candidate)),
  );
  const remedy = `set it, or give a default: \${${name}:-…}`;
  return {
    found: `the environment variable ${name} is not set`,
    remedy: meant === undefined ? remedy : `did you mean ${meant}? If not, ${remedy}`,
  };
}

function malformed(inside: string, closed: boolean): Omit<Finding, 'path'> {
  if (!closed) return { found: 'a ${ has no closing }', remedy: 'close it, or write $${ for a literal ${' };
  const shown = inside.length > 40 ? `${inside.slice(0, 40)}…` : inside;
  const remedy =
    'write ${NAME}, ${NAME:-default} or ${file:/path}; names are in upper case; $${ is a literal ${';
  return { found: `\${${shown}} cannot be replaced here`, remedy };
}

/** Plain data in which each text with a `${` went through a function: a copy, or the data itself when there is none. */
function eachText(value: unknown, path: Path, change: (text: string, path: Path) => string): unknown {
  return hasPlaceholder(value) ? changed(value, path, change) : value;
}

function hasPlaceholder(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (Array.isArray(value)) return value.some(hasPlaceholder);
  return isPlainObject(value) && Object.values(value).some(hasPlaceholder);
}

function changed(value: unknown, path: Path, change: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return value.includes('${') ? change(value, path) : value;
  if (Array.isArray(value)) return value.map((item, index) => changed(item, [...path, index], change));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, changed(member, [...path, key], change)]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

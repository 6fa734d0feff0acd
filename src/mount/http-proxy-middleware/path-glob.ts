import { UnsupportedError } from './unsupported-error.ts';

/** As many segments as there are, none of which begins with a dot. */
const anySegments = String.raw`(?:(?!(?:^|\/)\.).)*?`;
/** The rest of a segment, as little of it as does. */
const anyOfSegment = '[^/]*?';
const notHidden = String.raw`(?!\.)`;

/**
 * Compiles a glob as http-proxy-middleware understands it, which is as micromatch does: `**` is for segments, where it stands alone between
 * slashes; `*` and `?` are for a part of a segment, and for no dot at its beginning; `{a,b}` and `[a-z]` are for one of them.
 * @throws UnsupportedError for what micromatch understands beyond that.
 */
export function compileGlob(glob: string): RegExp {
  refuseUnknown(glob);
  const segments = glob.split('/').filter((segment, at, all) => segment !== '**' || all[at - 1] !== '**');
  if (segments.length === 1 && segments[0] === '**') return new RegExp(`^${notHidden}${anySegments}\\/?$`);
  let source = '';
  for (const [at, segment] of segments.entries()) {
    if (segment === '**') source += severalSegments(segments, at);
    else source += (at > 0 && segments[at - 1] !== '**' ? '\\/' : '') + oneSegment(segment);
  }
  // What ends with a star or brackets, or is a star with an extension, may have a slash behind it.
  if (/(?:^|[^*])\*$|\]$|^(?:\*\*\/)?\*\.\w+$/.test(glob)) source += '\\/?';
  return new RegExp(`^${source}$`);
}

/** With the slashes around it. */
function severalSegments(segments: readonly string[], at: number): string {
  const last = segments.length - 1;
  if (at === 0)
    return isPlain(segments) ? `(?:${notHidden}${anySegments}\\/)?` : `(?:^|\\/|${anySegments}\\/)`;
  const below = `\\/${notHidden}${anySegments}`;
  const atRoot = at === 1 && segments[0] === '';
  // `/a/**` is for `/a` too, and `/*/**` is not for `/a`.
  if (at === last) return atRoot || segments[at - 1]?.endsWith('*') === true ? below : `(?:${below}|$)`;
  if (atRoot) return `${below}\\/`;
  return at === last - 1 && segments[last] === '' ? `(?:${below}\\/|\\/)` : `(?:${below}\\/|\\/|$)`;
}

/** Whether it is no more than a name, or the end of one, anywhere. */
function isPlain([, name = '', ...more]: readonly string[]): boolean {
  return more.length === 0 && /^\.?\*(?:\.\*)?(?:\.\w+)?$/.test(name);
}

function oneSegment(segment: string): string {
  let source = '';
  for (const { index, 0: token } of segment.matchAll(/\{[^}]*\}|\[[^\]]*\]|[^]/g)) {
    if (token === '*') source += index === 0 ? `${notHidden}(?=.)${anyOfSegment}` : anyOfSegment;
    else if (token === '?') source += index === 0 ? '[^./]' : '[^/]';
    else if (token.length > 1 && token.startsWith('{')) source += oneOf(token.slice(1, -1));
    else if (token.length > 1 && token.startsWith('[')) source += oneCharacter(token);
    else source += RegExp.escape(token);
  }
  return source;
}

function oneOf(alternatives: string): string {
  const sources = alternatives.split(',').map((text) =>
    text
      .split('*')
      .map((literal) => RegExp.escape(literal))
      .join(anyOfSegment),
  );
  return `(?:${sources.join('|')})`;
}

function oneCharacter(brackets: string): string {
  if (brackets.startsWith('[^')) return `${brackets.slice(0, -1)}/]`;
  // Without ranges it stands for itself, too.
  return /^\[\w+\]$/.test(brackets) ? `(?:${RegExp.escape(brackets)}|${brackets})` : brackets;
}

const simpleBraces = /\{[^{}[\]()?/]*,[^{}[\]()?/]*\}/g;
const simpleBrackets = /\[\^?[\w.-]+\]/g;

function refuseUnknown(glob: string): void {
  const rest = glob.replaceAll(simpleBraces, '').replaceAll(simpleBrackets, '');
  const found =
    /[\\(){}[\]]|^!/.exec(rest)?.[0] ??
    /\.\.|\/\//.exec(glob)?.[0] ??
    glob.split('/').find((segment) => segment !== '**' && segment.includes('**'));
  if (found === undefined) return;
  throw new UnsupportedError(
    `${JSON.stringify(found)} in the glob ${JSON.stringify(glob)} of pathFilter`,
    'write a list of globs with *, **, ?, {a,b}, [a-z] and ! in front, or a function',
  );
}

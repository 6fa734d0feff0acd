import { anyCase, escapeRegExp, wholePath } from '../regular-expression.ts';
import type { MountLevel, MountPath } from './recorder/recording.ts';

/** A path of Express, as far as routes can say it. */
export interface Shape {
  /** The text, when there is nothing but text; without a slash at its end. */
  readonly literal: string | undefined;
  /** A regular expression for it. */
  readonly source: string;
  /** As a pattern of Waygate. */
  readonly pattern: string;
  /** Whether it ends in a wildcard for the rest. */
  readonly open: boolean;
}

/** Where a handler is mounted: what routers take away from the path, and what is left to match. */
export interface Mount {
  readonly strip: Shape;
  /** Of a handler for whole paths (`app.get`); undefined for one that takes whatever is below (`app.use`). */
  readonly inner: Shape | undefined;
  readonly method: string | undefined;
}

/** More than any program has; lists of paths in lists of paths multiply. */
const maxMounts = 500;

const empty: Shape = { literal: '', source: '', pattern: '', open: false };

/** Every place that a step is mounted at, or the path that cannot be said. */
export function mountsOf(
  levels: readonly MountLevel[],
  major: number,
): readonly (Mount | { readonly unknown: string })[] {
  let partial: (Mount | { readonly unknown: string })[] = [
    { strip: empty, inner: undefined, method: undefined },
  ];
  for (const { type, paths, method } of levels) {
    partial = partial
      .flatMap((mount) =>
        'unknown' in mount
          ? [mount]
          : paths.map((path) => {
              const shape = shapeOf(path, type, major);
              if (shape === undefined) return { unknown: pathText(path) };
              if (type === 'route') return { ...mount, inner: shape, method };
              return { ...mount, strip: join(mount.strip, shape) };
            }),
      )
      .slice(0, maxMounts);
  }
  return partial;
}

/** A path as a report shows it. */
export function pathText(path: MountPath): string {
  return path.type === 'text' ? path.text : `/${path.source}/${path.flags}`;
}

/** One path behind another. */
export function join(first: Shape, second: Shape): Shape {
  return {
    literal:
      first.literal === undefined || second.literal === undefined
        ? undefined
        : first.literal + second.literal,
    source: first.source + second.source,
    pattern: first.pattern + second.pattern,
    open: second.open,
  };
}

function shapeOf(path: MountPath, type: MountLevel['type'], major: number): Shape | undefined {
  if (path.type === 'regexp') {
    // What a mounted expression takes away depends on what it matches.
    if (type === 'use' || !/^i?$/.test(path.flags)) return undefined;
    const source = wholePath(path.flags === 'i' ? anyCase(path.source) : path.source);
    return { literal: undefined, source, pattern: '', open: false };
  }
  const segments = path.text.replace(/\/+$/, '').split('/').slice(1);
  if (path.text !== '' && path.text !== '*' && !path.text.startsWith('/') && !/^\{?\*/.test(path.text))
    return undefined;
  if (!path.text.startsWith('/') && path.text !== '') segments.unshift(path.text);
  let shape = empty;
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    const next = segmentShape(segment, last, major);
    if (next === undefined) return undefined;
    shape = join(shape, next);
  }
  return shape;
}

function segmentShape(segment: string, last: boolean, major: number): Shape | undefined {
  const name = /^:([A-Za-z_]\w*)$/.exec(segment)?.[1];
  if (name !== undefined)
    return { literal: undefined, source: `/(?<${name}>[^/]+)`, pattern: `/:${name}`, open: false };
  const wildcard = major >= 5 ? /^\{?\*\w+\}?$/ : /^(?:\*|\(\.\*\))$/;
  if (last && wildcard.test(segment)) return { literal: undefined, source: '/.+', pattern: '/*', open: true };
  if (/[:*?+()[\]{}!\\]/.test(segment) || segment === '') return undefined;
  return { literal: `/${segment}`, source: `/${escapeRegExp(segment)}`, pattern: `/${segment}`, open: false };
}

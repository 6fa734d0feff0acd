import { literal, type DraftPath } from '../draft.ts';
import { replacePrefix, type ChangedPath } from '../path-change.ts';
import { escapeRegExp } from '../regular-expression.ts';
import { filterShapes, type FilterShape } from './glob-source.ts';
import type { Mount } from './mount-shape.ts';
import { join } from './mount-shape.ts';
import type { OptionsPlan, PlanRewrite, PlanTarget } from './options-plan.ts';
import { isGlob } from './path-options.ts';

/** A route that a call comes to in one place, without what all of them have in common. */
export interface BuiltRoute extends ChangedPath {
  readonly host?: string;
  readonly target: PlanTarget;
}

/** What was built, and what could not be. */
export interface Built {
  readonly routes: readonly BuiltRoute[];
  /** What of the combination there is no route for, as a sentence. */
  readonly missing: readonly string[];
  /** Rules about the mount path, which routers have taken away before the call could see it. */
  readonly leftovers: readonly PlanRewrite[];
}

/** One beginning of paths that a call takes: what clients ask for, and how much of it the call sees. */
interface Reach {
  /** What routers have taken away in front. */
  readonly front: Mount['strip'];
  /** What the call sees. */
  readonly seen: FilterShape;
  /** Whether the call sees a slash where nothing is left. */
  readonly slash: boolean;
}

/**
 * The routes for a call in one place.
 * @param keepsMount whether the call sees the whole path, as before version 3, rather than what routers have left of it.
 */
export function buildRoutes(mount: Mount, plan: OptionsPlan, keepsMount: boolean): Built {
  const reaches =
    mount.inner === undefined
      ? reachesBelow(mount, plan, keepsMount)
      : [reachOfRoute(mount, mount.inner, keepsMount)];
  if (reaches === undefined)
    return {
      routes: [],
      missing: ['its paths and those of its mount cannot be said together'],
      leftovers: [],
    };
  const routes: BuiltRoute[] = [];
  const missing: string[] = [];
  const leftovers = plan.rewrites.filter((rule) => isLeftover(rule, mount, keepsMount));
  const rewrites = plan.rewrites.filter((rule) => !leftovers.includes(rule));
  const rest = { ...plan, rewrites };
  for (const reach of reaches) {
    for (const { host, path, target } of plan.table) {
      const narrowed = path === undefined ? reach : narrow(reach, path);
      if (narrowed !== undefined) add(routes, missing, narrowed, rest, target, host);
    }
    if (plan.target !== undefined) add(routes, missing, reach, rest, plan.target, undefined);
  }
  return { routes, missing, leftovers };
}

/**
 * Whether a rule is about the mount path: before version 3 calls saw that, and many programs have kept such rules.
 * They rewrite only what has the mount path twice.
 */
function isLeftover({ from }: PlanRewrite, { strip, inner }: Mount, keepsMount: boolean): boolean {
  const mounted = strip.literal ?? '';
  return !keepsMount && inner === undefined && mounted !== '' && withoutSlash(from) === mounted;
}

function reachesBelow(
  { strip }: Mount,
  plan: OptionsPlan,
  keepsMount: boolean,
): readonly Reach[] | undefined {
  const filters = plan.filters;
  const shapes =
    filters === undefined
      ? undefined
      : filters.some(isGlob)
        ? filterShapes(filters)
        : filters.map(plainFilter);
  if (filters !== undefined && shapes === undefined) return undefined;
  if (!keepsMount) {
    if (shapes === undefined) return [{ front: strip, seen: { type: 'below', head: '' }, slash: true }];
    return shapes.map((seen) => ({ front: strip, seen, slash: seen.head === '' }));
  }
  const none = { literal: '', source: '', pattern: '', open: false };
  const mounted = strip.literal;
  if (mounted === undefined) {
    if (shapes !== undefined) return undefined;
    return [
      { front: none, seen: { type: 'expression', head: '', tail: `${strip.source}(?:/.*)?` }, slash: false },
    ];
  }
  // The filter is about the whole path, of which the mount lets through only a part.
  const whole = shapes ?? [{ type: 'below' as const, head: '' }];
  return whole.flatMap((shape): Reach[] => {
    if (shape.type === 'below') {
      if (isBelow(mounted, shape.head))
        return [{ front: none, seen: { type: 'below', head: mounted }, slash: false }];
      return isBelow(shape.head, mounted) ? [{ front: none, seen: shape, slash: false }] : [];
    }
    return mounted === '' || isBelow(shape.head, mounted) ? [{ front: none, seen: shape, slash: false }] : [];
  });
}

function plainFilter(filter: string): FilterShape {
  return { type: 'below', head: filter.replace(/\/+$/, '') };
}

function reachOfRoute({ strip }: Mount, inner: NonNullable<Mount['inner']>, keepsMount: boolean): Reach {
  const shape = keepsMount ? join(strip, inner) : inner;
  const front = keepsMount ? { literal: '', source: '', pattern: '', open: false } : strip;
  const seen: FilterShape =
    shape.literal === undefined
      ? {
          type: 'expression',
          head: '',
          tail: shape.source,
          ...(shape.pattern !== '' && { pattern: shape.pattern }),
        }
      : { type: 'expression', head: shape.literal === '' ? '/' : shape.literal, tail: '' };
  return { front, seen, slash: false };
}

/** A reach without the paths that do not begin with a text; undefined when none is left. */
function narrow(reach: Reach, path: string): Reach | undefined {
  const head = path.replace(/\/+$/, '');
  if (isBelow(reach.seen.head, head)) return reach;
  if (reach.seen.type !== 'below' || !isBelow(head, reach.seen.head)) return undefined;
  return { ...reach, seen: { type: 'below', head }, slash: false };
}

function add(
  routes: BuiltRoute[],
  missing: string[],
  reach: Reach,
  plan: OptionsPlan,
  target: PlanTarget,
  host: string | undefined,
): void {
  const about = { target, ...(host !== undefined && { host }) };
  const base = plan.prependPath ? target.path : '';
  if (plan.ignorePath) {
    const { path } = changed(reach, reach.seen.head, '');
    routes.push({ ...about, path, rewrite: literal(base === '' ? '/' : base) });
    return;
  }
  let head = reach.seen.head;
  for (const rule of plan.rewrites.map((each) => ({
    from: withoutSlash(each.from),
    to: withoutSlash(each.to),
  }))) {
    if (head.startsWith(rule.from) || (rule.from === '' && reach.seen.type === 'below')) {
      head = rule.to + head.slice(rule.from.length);
      break;
    }
    if (reach.seen.type === 'below' && rule.from.startsWith(`${reach.seen.head}/`)) {
      const inner: Reach = { ...reach, seen: { type: 'below', head: rule.from }, slash: false };
      routes.push({ ...about, ...changed(inner, rule.to, base) });
    } else if (reach.seen.type === 'expression' && reach.seen.tail !== '') {
      missing.push(
        `whether pathRewrite changes ${rule.from} there depends on the path: it goes on unchanged`,
      );
    }
  }
  routes.push({ ...about, ...changed(reach, head, base) });
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** The path of a reach, and what becomes of it when what is seen begins otherwise and goes below a base. */
function changed({ front, seen, slash }: Reach, head: string, base: string): ChangedPath {
  const replacement = base + head;
  const bare = slash ? 'slash' : 'none';
  if (front.literal === undefined) {
    const start = `${front.source}${escapeRegExp(seen.head)}`;
    if (seen.type === 'expression') return captured(start, seen.tail, replacement);
    const asSlash = slash || replacement === '';
    return {
      path: { type: 'regex', value: start + (asSlash ? '(?:/(?<rest>.*))?' : '(?<rest>/.*)?') },
      rewrite: `${literal(replacement)}${asSlash ? '/' : ''}\${params.rest}`,
    };
  }
  const prefix = front.literal + seen.head;
  if (seen.type === 'below') return replacePrefix(prefix, replacement, bare);
  if (seen.tail === '') {
    const path: DraftPath = { type: 'exact', value: prefix };
    return prefix === replacement
      ? { path }
      : { path, rewrite: literal(replacement === '' ? '/' : replacement) };
  }
  if (seen.pattern !== undefined && (prefix === replacement || !seen.pattern.endsWith('*'))) {
    const path: DraftPath = { type: 'pattern', value: front.literal + seen.pattern };
    if (prefix === replacement) return { path };
    const rest = literal(seen.pattern).replace(/\/:(\w+)/g, '/${params.$1}');
    return { path, rewrite: literal(replacement) + rest };
  }
  if (prefix === replacement) return { path: { type: 'regex', value: escapeRegExp(prefix) + seen.tail } };
  if (prefix === '') {
    return { path: { type: 'regex', value: seen.tail }, rewrite: `${literal(replacement)}\${request.path}` };
  }
  return captured(escapeRegExp(prefix), seen.tail, replacement);
}

/** A path that goes on from where an expression for its beginning ends. */
function captured(start: string, tail: string, replacement: string): ChangedPath {
  const slash = tail.startsWith('/') ? '/' : '';
  return {
    path: { type: 'regex', value: `${start}${slash}(?<rest>${tail.slice(slash.length)})` },
    rewrite: `${literal(replacement)}${slash}\${params.rest}`,
  };
}

function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}

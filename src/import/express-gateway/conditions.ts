import { routableMethods } from '../../http/methods.ts';
import { wholePath } from '../regular-expression.ts';
import type { DraftPath } from '../draft.ts';
import { at, listOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** When a step of a pipeline is taken, as far as a route can say it. */
export type Condition =
  | { readonly type: 'always' }
  | { readonly type: 'never' }
  | { readonly type: 'when'; readonly key: string; readonly any: readonly Narrowing[] }
  | { readonly type: 'unknown'; readonly name: string };

/** What a route asks for beyond those of its pipeline. */
export interface Narrowing {
  readonly path?: DraftPath;
  readonly methods?: readonly string[];
  readonly hosts?: readonly string[];
}

/** Reads `condition` of a step. */
export function readCondition(tree: Tree | undefined): Condition {
  if (tree === undefined || (tree.type === 'scalar' && tree.value === null)) return { type: 'always' };
  const name = textOf(at(tree, 'name')) ?? '?';
  const narrowings = narrow(tree);
  if (narrowings === undefined) return { type: 'unknown', name };
  if (narrowings.length === 0) return { type: 'never' };
  if (narrowings.some((each) => Object.keys(each).length === 0)) return { type: 'always' };
  return { type: 'when', key: JSON.stringify(narrowings), any: narrowings };
}

/** Any of these; undefined for what cannot be said. */
function narrow(tree: Tree): readonly Narrowing[] | undefined {
  switch (textOf(at(tree, 'name'))) {
    case 'always':
      return [{}];
    case 'never':
      return [];
    case 'pathExact': {
      const path = textOf(at(tree, 'path'));
      return path === undefined || /[?#]/.test(path) ? undefined : [{ path: { type: 'exact', value: path } }];
    }
    case 'pathMatch': {
      const pattern = textOf(at(tree, 'pattern'));
      return pattern === undefined ? undefined : [{ path: { type: 'regex', value: wholePath(pattern) } }];
    }
    case 'method': {
      const methods = textsOf(at(tree, 'methods')).map((method) => method.toUpperCase());
      return methods.length === 0 ? undefined : [{ methods }];
    }
    case 'hostMatch': {
      const pattern = textOf(at(tree, 'pattern')) ?? '';
      return /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(pattern)
        ? [{ hosts: [pattern.toLowerCase()] }]
        : undefined;
    }
    case 'allOf':
      return listOf(at(tree, 'conditions')).reduce<readonly Narrowing[] | undefined>(
        (all, each) => both(all, narrow(each)),
        [{}],
      );
    case 'oneOf': {
      const parts = listOf(at(tree, 'conditions')).map(narrow);
      return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
    }
    case 'not': {
      const inner = at(tree, 'condition');
      return inner === undefined ? undefined : opposite(inner);
    }
    default:
      return undefined;
  }
}

function opposite(tree: Tree): readonly Narrowing[] | undefined {
  switch (textOf(at(tree, 'name'))) {
    case 'always':
      return [];
    case 'never':
      return [{}];
    case 'method': {
      const taken = new Set(textsOf(at(tree, 'methods')).map((method) => method.toUpperCase()));
      return [{ methods: routableMethods.filter((method) => !taken.has(method)) }];
    }
    case 'not': {
      const inner = at(tree, 'condition');
      return inner === undefined ? undefined : narrow(inner);
    }
    default:
      return undefined;
  }
}

/** Both of two: what one leaves open, the other says; two paths cannot be said together. */
function both(
  first: readonly Narrowing[] | undefined,
  second: readonly Narrowing[] | undefined,
): readonly Narrowing[] | undefined {
  if (first === undefined || second === undefined) return undefined;
  const joined: Narrowing[] = [];
  for (const one of first) {
    for (const other of second) {
      if (
        (one.path !== undefined && other.path !== undefined) ||
        (one.hosts !== undefined && other.hosts !== undefined)
      )
        return undefined;
      const methods =
        one.methods === undefined
          ? other.methods
          : other.methods === undefined
            ? one.methods
            : one.methods.filter((method) => other.methods?.includes(method));
      if (methods?.length === 0) continue;
      joined.push({ ...one, ...other, ...(methods !== undefined && { methods }) });
      if (joined.length > 100) return undefined;
    }
  }
  return joined;
}

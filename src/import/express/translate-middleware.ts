import type { ReportWriter } from '../report.ts';
import { knownMiddleware } from './known-middlewares.ts';
import type { Mount } from './mount-shape.ts';
import { mountsOf, pathText } from './mount-shape.ts';
import type { RecordedStep } from './recorder/recording.ts';

/** A middleware that kept requests out, and where it stood. */
export interface Guard {
  readonly what: string;
  /** The beginnings of paths that it was asked for; undefined where that cannot be said, and so holds everywhere. */
  readonly prefixes: readonly string[] | undefined;
  readonly method: string | undefined;
}

/** Handlers that Express puts in front by itself. */
const ownOfExpress = new Set(['query', 'expressInit']);

/**
 * Reports a middleware that is no proxy.
 * @returns what requests must not pass without, if it is one of these.
 */
export function translateMiddleware(
  step: RecordedStep,
  major: number,
  report: ReportWriter,
): Guard | undefined {
  const { handler, levels, place } = step;
  if (handler.type !== 'middleware') return undefined;
  if (/^express\d*$/.test(handler.package ?? '') && ownOfExpress.has(handler.name)) return undefined;
  const name = handler.name === '' || handler.name === '<anonymous>' ? '' : ` ${handler.name}`;
  const from =
    handler.package === undefined
      ? `the program’s own${name === '' ? '' : name}`
      : `${handler.package}${name}`;
  const paths = levels.map((level) => level.paths.map(pathText).join(', ')).filter((text) => text !== '/');
  const method = levels.at(-1)?.method;
  const what = `middleware: ${from}${paths.length > 0 ? ` at ${method === undefined ? '' : `${method} `}${paths.join(' ')}` : ''}`;
  const known = knownMiddleware(handler.name, handler.package);
  report.leaveOut(
    what,
    why(handler.handlesErrors, handler.package, levels.at(-1)?.type === 'route'),
    known?.remedy ?? remedy(handler.handlesErrors, handler.package, levels.at(-1)?.type === 'route'),
    place,
  );
  if (known?.protects !== true) return undefined;
  return { what: from, prefixes: prefixesOf(mountsOf(levels, major)), method };
}

/** Whether a guard stood in front of a path. */
export function isGuarded(guard: Guard, path: string, methods: readonly string[] | undefined): boolean {
  if (guard.method !== undefined && methods !== undefined && !methods.includes(guard.method)) return false;
  return (
    guard.prefixes?.some(
      (prefix) =>
        prefix === '' || path === prefix || path.startsWith(`${prefix}/`) || prefix.startsWith(`${path}/`),
    ) ?? true
  );
}

function prefixesOf(
  mounts: readonly (Mount | { readonly unknown: string })[],
): readonly string[] | undefined {
  const prefixes: string[] = [];
  for (const mount of mounts) {
    if ('unknown' in mount || mount.strip.literal === undefined) return undefined;
    const inner = mount.inner === undefined ? '' : mount.inner.literal;
    if (inner === undefined) return undefined;
    prefixes.push(mount.strip.literal + inner);
  }
  return prefixes;
}

function why(handlesErrors: boolean, from: string | undefined, answers: boolean): string {
  if (handlesErrors) return 'it is asked about errors, which the gateway answers itself';
  if (from !== undefined) return 'its options are known to the program only';
  return answers ? 'it answers by itself' : 'what it does is known to the program only';
}

function remedy(handlesErrors: boolean, from: string | undefined, answers: boolean): string {
  if (handlesErrors) return 'docs/errors.md lists what clients get; other answers: a policy in TypeScript';
  if (answers)
    return 'a fixed answer: the policy respond; anything else: keep it in a service, and route to that';
  return from === undefined
    ? 'if it matters, write it as a policy in TypeScript (docs/policies.md)'
    : 'see docs/policies.md for a policy that does the same';
}

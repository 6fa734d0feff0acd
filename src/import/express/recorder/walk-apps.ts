import type { FunctionPlaces } from './places.ts';
import { packageOf } from './places.ts';
import type { MountLevel, RecordedHandler, RecordedStep } from './recording.ts';
import { seen, type Handler } from './state.ts';
import { isApp } from './watch-express.ts';

/** More handlers than any program has; routers that hold each other multiply. */
const maxSteps = 5000;

/** All handlers below some apps, in the order in which Express asks them. */
export function walkApps(
  roots: readonly Handler[],
  places: FunctionPlaces,
): { readonly steps: readonly RecordedStep[]; readonly truncated: boolean } {
  const steps: RecordedStep[] = [];
  let truncated = false;
  const walk = (router: object, levels: readonly MountLevel[], above: readonly object[]): void => {
    for (const { handlers, place, ...level } of seen.routers.get(router) ?? []) {
      for (const handler of handlers) {
        const inner = innerRouter(handler);
        if (inner !== undefined) {
          // A router inside of itself is asked for ever only by paths that grow; once is what it says.
          if (!above.includes(inner)) walk(inner, [...levels, level], [...above, inner]);
        } else if (steps.length < maxSteps) {
          steps.push({
            levels: [...levels, level],
            handler: describe(handler, places),
            ...(place !== undefined && { place }),
          });
        } else {
          truncated = true;
          return;
        }
      }
    }
  };
  for (const root of roots) {
    const router = innerRouter(root);
    if (router !== undefined) walk(router, [], [router]);
  }
  return { steps, truncated };
}

/** Those apps that stand in no other. */
export function outermost(apps: readonly Handler[]): Handler[] {
  return apps.filter((app) => Reflect.get(app, 'parent') === undefined);
}

/** The router that a handler is or has; undefined for all others. */
function innerRouter(handler: Handler): object | undefined {
  if (seen.routers.has(handler)) return handler;
  if (!isApp(handler)) return undefined;
  for (const name of ['_router', 'router']) {
    try {
      const router: unknown = Reflect.get(handler, name);
      if (typeof router === 'function') return router;
    } catch {
      // Version 4 throws for `app.router`, and has `_router` only when there is something in it.
    }
  }
  return undefined;
}

function describe(handler: Handler, places: FunctionPlaces): RecordedHandler {
  const call = seen.proxies.get(handler);
  if (call !== undefined) return { type: 'proxy', call };
  const place = places.of(handler);
  const from = place === undefined ? undefined : packageOf(place.file);
  return {
    type: 'middleware',
    name: handler.name,
    handlesErrors: handler.length === 4,
    ...(from !== undefined && { package: from }),
    ...(place !== undefined && { place }),
  };
}

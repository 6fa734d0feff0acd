import { METHODS } from 'node:http';
import { callPlace } from './places.ts';
import type { MountPath } from './recording.ts';
import { seen, type Handler, type Registration } from './state.ts';

/** The parts of the module `express` that are watched; the same in versions 4 and 5. */
interface ExpressModule {
  readonly application: Record<string, unknown>;
  readonly Router: Record<string, unknown> & { readonly prototype: Record<string, unknown> };
  readonly Route: { readonly prototype: Record<string, unknown> };
}

/** Wraps what registers handlers, in prototypes that every app and router of this copy of Express has. */
export function watchExpress(express: unknown): void {
  if (!isExpress(express)) return;
  const { application, Router, Route } = express;
  wrap(application, 'init', function (this: Handler) {
    seen.apps.push(this);
  });
  wrap(application, 'use', (...args: readonly unknown[]) => {
    // Express wraps each app in a function, in order, before it gives it to the router.
    waitingApps.push(...handlersIn(args).filter(isApp));
  });
  // Version 4 keeps the methods of routers on the function itself.
  const routers = typeof Router['use'] === 'function' ? Router : Router.prototype;
  wrap(routers, 'use', function (this: object, ...args) {
    const handlers = handlersIn(args).map((handler) =>
      handler.name === 'mounted_app' ? (waitingApps.shift() ?? handler) : handler,
    );
    register(this, { type: 'use', paths: pathsIn(args), handlers });
  });
  wrapRoutes(routers, Route.prototype);
}

/** Apps that are on their way into a router. */
const waitingApps: Handler[] = [];

function wrapRoutes(routers: Record<string, unknown>, route: Record<string, unknown>): void {
  const owners = new WeakMap<object, { readonly router: object; readonly paths: readonly MountPath[] }>();
  const original = routers['route'];
  if (typeof original !== 'function') return;
  routers['route'] = function (this: object, ...args: unknown[]): unknown {
    const made: unknown = Reflect.apply(original, this, args);
    if (typeof made === 'object' && made !== null) owners.set(made, { router: this, paths: pathsIn(args) });
    return made;
  };
  for (const method of [...METHODS.map((name) => name.toLowerCase()), 'all']) {
    wrap(route, method, function (this: object, ...args) {
      const owner = owners.get(this);
      if (owner === undefined) return;
      const { router, paths } = owner;
      const only = method === 'all' ? {} : { method: method.toUpperCase() };
      register(router, { type: 'route', paths, ...only, handlers: handlersIn(args) });
    });
  }
}

function register(router: object, registration: Omit<Registration, 'place'>): void {
  const place = callPlace();
  const list = seen.routers.get(router) ?? [];
  list.push({ ...registration, ...(place !== undefined && { place }) });
  seen.routers.set(router, list);
}

/** Puts a look at the arguments in front of a method. */
function wrap(
  holder: Record<string, unknown>,
  name: string,
  look: (this: never, ...args: readonly unknown[]) => void,
): void {
  const original = holder[name];
  if (typeof original !== 'function') return;
  holder[name] = function (this: never, ...args: unknown[]): unknown {
    Reflect.apply(look, this, args);
    return Reflect.apply(original, this, args) as unknown;
  };
}

/** All functions among the arguments, out of lists in lists. */
function handlersIn(args: readonly unknown[]): Handler[] {
  return args.flat(Infinity).filter((arg): arg is Handler => typeof arg === 'function');
}

/** The path that comes first among the arguments, or the paths; `/` when there is none. */
function pathsIn([first]: readonly unknown[]): MountPath[] {
  const paths = [first].flat(Infinity).flatMap((path): MountPath[] => {
    if (typeof path === 'string') return [{ type: 'text', text: path }];
    return path instanceof RegExp ? [{ type: 'regexp', source: path.source, flags: path.flags }] : [];
  });
  return paths.length > 0 ? paths : [{ type: 'text', text: '/' }];
}

/** Whether a handler is an app, as Express itself tells. */
export function isApp(handler: Handler): boolean {
  return Boolean(Reflect.get(handler, 'handle')) && Boolean(Reflect.get(handler, 'set'));
}

function isExpress(value: unknown): value is ExpressModule {
  if (typeof value !== 'function') return false;
  return ['application', 'Router', 'Route'].every((name) => {
    const part: unknown = Reflect.get(value, name);
    return part !== null && (typeof part === 'object' || typeof part === 'function');
  });
}

import { callPlace } from './places.ts';
import type { MountPath, RecordedCall, SourcePlace } from './recording.ts';

/** Something that Express calls. */
export type Handler = (...args: never[]) => unknown;

/** A call that made a proxy, with its arguments as they were. */
export interface Call extends Omit<RecordedCall, 'args'> {
  readonly args: readonly unknown[];
}

/** Handlers under a path of one router. */
export interface Registration {
  readonly type: 'use' | 'route';
  readonly paths: readonly MountPath[];
  readonly method?: string;
  readonly handlers: readonly Handler[];
  readonly place?: SourcePlace;
}

/** Everything that has been seen in this process, as it is. There is one program in a process, and so one of these. */
export const seen = {
  calls: [] as Call[],
  /** The stand-ins for proxies, and their `upgrade`, by their call. */
  proxies: new WeakMap<Handler, number>(),
  upgrades: new Set<number>(),
  /** The versions of the packages that there are stand-ins for, as installed for the program. */
  versions: new Map<string, string>(),
  expressVersion: undefined as string | undefined,
  apps: [] as Handler[],
  routers: new WeakMap<object, Registration[]>(),
};

/** Remembers a call, and gives the middleware that stands for what it made. */
export function recordCall(
  source: RecordedCall['package'],
  name: string,
  args: readonly unknown[],
): Handler & { readonly upgrade: Handler } {
  const index = seen.calls.length;
  const version = seen.versions.get(source);
  const place = callPlace();
  seen.calls.push({
    package: source,
    name,
    args,
    ...(version !== undefined && { version }),
    ...(place !== undefined && { place }),
  });
  const upgrade = (): void => {};
  const middleware = Object.assign(function proxyMiddleware(): void {}, { upgrade });
  seen.proxies.set(middleware, index);
  seen.proxies.set(upgrade, index);
  return middleware;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPromise } from './is-promise.ts';
import type { Options, TargetRouter } from './options.ts';
import { readProxyTarget, type ProxyTarget, type TargetInput } from './proxy-target.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** Finds the target of a request; undefined when there is none. */
export type TargetFinder<TReq extends IncomingMessage, TRes extends ServerResponse> = (
  request: TReq,
  response: TRes | undefined,
) => ProxyTarget | undefined | Promise<ProxyTarget | undefined>;

/**
 * Compiles `target` and `router`.
 * @throws UnsupportedError where one of them is no target, or neither is there.
 */
export function compileTargets<TReq extends IncomingMessage, TRes extends ServerResponse>(
  options: Options<TReq, TRes>,
): TargetFinder<TReq, TRes> {
  const { target, router } = options;
  if (target === undefined && router === undefined)
    throw new UnsupportedError('a proxy without a target', "write { target: 'http://localhost:3001' }");
  const usual = target === undefined ? undefined : readProxyTarget(target);
  if (router === undefined) return () => usual;
  if (typeof router !== 'function') return compileTable(router, usual);
  const read = remembering();
  const pick = (found: TargetInput | undefined): ProxyTarget | undefined => (found ? read(found) : usual);
  return (request, response) => {
    const found = router(request, response, options);
    return isPromise(found) ? Promise.resolve(found).then(pick) : pick(found);
  };
}

function compileTable<TReq extends IncomingMessage, TRes extends ServerResponse>(
  table: Exclude<TargetRouter<TReq, TRes>, (...values: never[]) => unknown>,
  usual: ProxyTarget | undefined,
): TargetFinder<TReq, TRes> {
  const entries = Object.entries(table).map(([key, input]) => {
    const at = key.indexOf('/');
    return {
      host: at === -1 ? key : key.slice(0, at),
      path: at === -1 ? '' : key.slice(at),
      target: readProxyTarget(input),
    };
  });
  return ({ headers, url = '' }) =>
    entries.find(({ host, path }) => (host === '' || host === headers.host) && url.startsWith(path))
      ?.target ?? usual;
}

/** Reads each text once; a router's function gives the same few again and again. */
function remembering(): (input: TargetInput) => ProxyTarget {
  const known = new Map<string, ProxyTarget>();
  return (input) => {
    if (typeof input !== 'string') return readProxyTarget(input);
    let target = known.get(input);
    if (target === undefined) {
      if (known.size >= 1000) known.clear();
      known.set(input, (target = readProxyTarget(input)));
    }
    return target;
  };
}

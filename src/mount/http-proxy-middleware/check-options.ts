import { nearest } from '../../core/nearest.ts';
import { eventNames } from './proxy-events.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** What an option must be, as far as the compiler cannot see it in a program without types. */
const kinds = {
  target: 'any',
  router: 'any',
  changeOrigin: 'boolean',
  pathFilter: 'any',
  pathRewrite: 'any',
  on: 'object',
  xfwd: 'boolean',
  headers: 'object',
  secure: 'boolean',
  agent: 'any',
  timeout: 'number',
  proxyTimeout: 'number',
  cookieDomainRewrite: 'any',
  cookiePathRewrite: 'any',
  followRedirects: 'any',
  hostRewrite: 'string',
  autoRewrite: 'boolean',
  protocolRewrite: 'string',
  selfHandleResponse: 'boolean',
  ws: 'boolean',
  plugins: 'object',
  ejectPlugins: 'boolean',
  logger: 'object',
  prependPath: 'boolean',
  ignorePath: 'boolean',
  auth: 'string',
  preserveHeaderKeyCase: 'boolean',
} as const;

/** Options of http-proxy-middleware that there is nothing for here, and what there is instead. */
const alternatives: Readonly<Record<string, string>> = {
  forward: 'send the copy from a listener to proxyReq, or use http-proxy-middleware itself',
  buffer: 'keep the octets that were read as request.rawBody; they are sent on by themselves',
  ssl: 'make a server with node:https, and mount the middleware in it',
  http2: 'make the server of the app with node:http or node:https',
  toProxy: 'name the service itself as the target',
  localAddress: 'leave the choice of the address to the system',
  upgradeTimeout: 'write proxyTimeout, which holds for upgrades too',
  ca: 'write an upstream with `tls.ca` in a configuration, and mount it with waygate/express',
  method: 'write a middleware in front that answers, or a route of a configuration',
  // What version 4 has no more, either.
  context: 'write pathFilter',
  logLevel: 'write logger, such as console',
  logProvider: 'write logger, such as console',
  onError: 'write on.error',
  onProxyReq: 'write on.proxyReq',
  onProxyRes: 'write on.proxyRes',
  onProxyReqWs: 'write on.proxyReqWs',
  onOpen: 'write on.open',
  onClose: 'write on.close',
};

/**
 * Refuses what is not supported, and what is not known.
 * @throws UnsupportedError that names the option, and what to write instead.
 */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw new UnsupportedError('a proxy without options', "write { target: 'http://localhost:3001' }");
  for (const [name, value] of Object.entries(options)) {
    // What is switched off asks for nothing.
    if (value === undefined || value === null || (value === false && !Object.hasOwn(kinds, name))) continue;
    const kind = known(name);
    if (kind === undefined) throw new UnsupportedError(`the option "${name}"`, instead(name));
    if (kind !== 'any' && typeof value !== kind)
      throw new UnsupportedError(
        `the option "${name}" as ${String(value)}`,
        `write a value of the type ${kind}`,
      );
  }
  checkEvents('on' in options ? options.on : undefined);
}

function checkEvents(on: unknown): void {
  for (const [name, listener] of Object.entries(on ?? {})) {
    if (listener === undefined || listener === null) continue;
    if (!eventNames.some((event) => event === name)) {
      const meant = nearest(name, eventNames);
      throw new UnsupportedError(
        `the event "${name}"`,
        meant === undefined ? `there are ${eventNames.join(', ')}` : `write ${meant}`,
      );
    }
    if (typeof listener !== 'function')
      throw new UnsupportedError(`on.${name} as ${String(listener)}`, 'write a function');
  }
}

function known(name: string): string | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : undefined;
}

function instead(name: string): string {
  if (Object.hasOwn(alternatives, name)) return alternatives[name] ?? '';
  const meant = nearest(name, Object.keys(kinds));
  return meant === undefined ? `there are ${Object.keys(kinds).join(', ')}` : `write ${meant}`;
}

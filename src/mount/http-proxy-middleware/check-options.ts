import { foundIn } from '../../core/found-in.ts';
import { nearest } from '../../core/nearest.ts';
import { isFieldName, isFieldValue } from '../../http/field.ts';
import { kindOf, supportedOptions } from './option-kinds.ts';
import { eventNames } from './proxy-events.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** Options of http-proxy-middleware that there is nothing for here, and what there is instead. */
export const refusedOptions: Readonly<Record<string, string>> = {
  forward: 'send the copy from a listener to proxyReq, or use http-proxy-middleware itself',
  buffer: 'keep the octets that were read as request.rawBody; they are sent on by themselves',
  ssl: 'for the app, make a server with node:https; for certificates of targets, write an upstream with `tls` in a configuration, and mount it with waygate/express',
  http2: 'make the server of the app with node:http or node:https',
  toProxy: 'name the service itself as the target',
  localAddress: 'leave the choice of the address to the system',
  ca: 'write an upstream with `tls.ca` in a configuration, and mount it with waygate/express',
  method: 'set request.method in a middleware in front',
  lookup: 'let the name of the target resolve to its address, or write the address',
  socketPath: 'let the service listen on a port, and write that as the target',
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
    if (value === undefined || value === null) continue;
    const kind = kindOf(name);
    // What is switched off asks for nothing.
    if (kind === undefined && value === false && Object.hasOwn(refusedOptions, name)) continue;
    if (kind === undefined) throw new UnsupportedError(`the option "${name}"`, instead(name));
    if (!kind.is(value))
      throw new UnsupportedError(`the option "${name}" as ${foundIn(value)}`, `write ${kind.name}`);
  }
  checkHeaders('headers' in options ? options.headers : undefined);
  checkEvents('on' in options ? options.on : undefined);
}

function checkHeaders(headers: unknown): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    const lines: readonly unknown[] = [value].flat();
    if (!isFieldName(name) || !lines.every(isSendable))
      throw new UnsupportedError(
        `the header ${foundIn(name)} of the option "headers"`,
        'write a name, and a text without line breaks',
      );
  }
}

function isSendable(line: unknown): boolean {
  if (line === undefined || typeof line === 'number') return true;
  return typeof line === 'string' && isFieldValue(line);
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
      throw new UnsupportedError(`on.${name} as ${foundIn(listener)}`, 'write a function');
  }
}

function instead(name: string): string {
  if (Object.hasOwn(refusedOptions, name)) return refusedOptions[name] ?? '';
  const meant = nearest(name, supportedOptions);
  return meant === undefined ? `there are ${supportedOptions.join(', ')}` : `write ${meant}`;
}

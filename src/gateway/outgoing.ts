import { GatewayError } from '../core/errors.ts';
import type { Exchange } from '../core/exchange.ts';
import { LookAlikes } from '../http/look-alikes.ts';
import { canonicalPath } from '../http/path.ts';
import { countVia } from '../http/via.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { writeRequestHead } from '../http1/request-writer.ts';
import type { Target } from '../upstream/target.ts';
import type { CallRequest } from '../upstream/upstream-call.ts';
import { hostWithPort } from './client-address.ts';
import type { CompiledRoute } from './compiled-route.ts';
import type { Identity } from './identity.ts';
import { stripPrefix } from './compiled-route.ts';
import { ownedInRequests } from './policy-reply.ts';

/** Methods that may be sent twice (RFC 9110 §9.2.2, RFC 10008 for QUERY). */
const idempotent = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'QUERY',
  'PROPFIND',
  'REPORT',
  'SEARCH',
]);

/**
 * A route that is for some methods only must not let another one through in a header: services with a method-override
 * middleware would obey it.
 */
const methodOverrides = new LookAlikes(['x-http-method-override', 'x-http-method', 'x-method-override']);

/** What {@link buildCall} needs to know of the gateway. */
export interface OutgoingContext {
  /** The name we add ourselves to Via under. */
  readonly via: string;
  /** The forwarding lines for this request; takes what the client sent of them out of the headers. */
  forwardingLines(exchange: Exchange & { readonly request: Http1Request }): string;
}

/** An exchange as far as the request to the target depends on it. */
type Outgoing = Exchange & {
  readonly request: Http1Request;
  readonly route: CompiledRoute;
  readonly snapshot: { readonly identity: Identity };
};

/**
 * The path that the target sees, from the route's settings.
 * @throws GatewayError `bad_path` when nothing sound comes out.
 */
export function targetPath(exchange: Outgoing): string {
  const { route, request } = exchange;
  const rendered =
    route.rewrite === undefined
      ? stripPrefix(request.path, route.config?.path.value ?? '/')
      : canonicalPath(route.rewrite.render(exchange));
  if (rendered === undefined) throw new GatewayError('bad_path', 'the rewritten path is not valid');
  return rendered;
}

/**
 * The request as it goes to a target: what is the same for every target is computed here, once.
 * @throws GatewayError `bad_request` when who is asking cannot be said in a header.
 */
export function buildCall(exchange: Outgoing, context: OutgoingContext, wrapped: boolean): CallRequest {
  const { request, route } = exchange;
  const { headers } = request;
  // What a client sent of these is gone; what is there now is a policy's.
  headers.deleteAdded(ownedInRequests);
  const length = outgoingLength(request, wrapped);
  if (route.config !== undefined && route.config.methods.length > 0)
    headers.deleteLookAlikes(methodOverrides);
  const added = addedLines(exchange, context);
  const websocket = request.upgrade === 'websocket';
  const preserved =
    route.config?.preserveHost === true && request.host !== '' ? hostWithPort(request) : undefined;
  return {
    headFor: (target: Target) =>
      writeRequestHead(
        { method: request.method, path: exchange.upstreamPath, query: request.query, headers, length, added },
        preserved ?? target.host,
      ),
    isHead: request.method === 'HEAD',
    length,
    upgrade: websocket ? 'websocket' : undefined,
    idempotent: idempotent.has(request.method) && !websocket,
  };
}

/** What goes onto the wire as length: −1 when a policy may change the body and has not said what becomes of its length. */
function outgoingLength(request: Http1Request, wrapped: boolean): number {
  const { headers } = request;
  if (!request.hasBody) return 0;
  const declared = headers.get('content-length');
  if (wrapped && declared === undefined) return -1;
  if (declared !== undefined && declared !== String(request.contentLength)) headers.delete('content-length');
  return request.contentLength;
}

function addedLines(exchange: Outgoing, context: OutgoingContext): string {
  const { request, route, snapshot } = exchange;
  let lines = `Via: ${request.httpVersion} ${context.via}\r\n${context.forwardingLines(exchange)}${snapshot.identity.linesFor(exchange)}`;
  if (request.upgrade === 'websocket') lines += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  else if (request.acceptsTrailers && (route.config?.trailers.length ?? 0) > 0)
    lines += 'TE: trailers\r\nConnection: TE\r\n';
  return lines;
}

/** A message that came round to us again, or through too many hands (RFC 9110 §7.6.3). */
export function loopError(request: Http1Request, via: string, maxHops: number): GatewayError | undefined {
  if (!request.via) return undefined;
  const { hops, own } = countVia(request.headers.getAll('via'), via);
  if (own > 0) return new GatewayError('loop_detected', `Via names ${via}`);
  return hops > maxHops ? new GatewayError('loop_detected', `${hops} hops`) : undefined;
}

/** Methods that never pass a gateway: they would open a tunnel, or show what others must not see (RFC 9110 §9.3.8). */
export function methodTakesNoTunnel(request: Http1Request): GatewayError | undefined {
  const { method } = request;
  if (method !== 'TRACE' && method !== 'TRACK' && method !== 'CONNECT') return undefined;
  return new GatewayError('method_not_allowed', method);
}

/** Why an upgrade is refused, and what the answer says beyond that (RFC 9110 §15.5.22, RFC 6455 §4.2.2). */
export interface RefusedUpgrade {
  readonly error: GatewayError;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * The refusal of an upgrade that is not relayed, or undefined. Only WebSocket is (RFC 6455); an offer of HTTP/2 is one that
 * a server may ignore, and clients that make it expect that (RFC 9110 §7.8).
 */
export function refusedUpgrade(request: Http1Request, route: CompiledRoute): RefusedUpgrade | undefined {
  const { upgrade, headers } = request;
  if (upgrade === undefined || upgrade === 'h2c') return undefined;
  if (upgrade !== 'websocket' || route.config?.websocket === false) {
    return refusal(`an upgrade to ${upgrade.slice(0, 40)}`, [['upgrade', 'websocket']]);
  }
  const sound =
    request.method === 'GET' &&
    !request.hasBody &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers.get('sec-websocket-key') ?? '');
  if (sound && headers.get('sec-websocket-version') === '13') return undefined;
  return refusal('not a WebSocket handshake of version 13', [
    ['upgrade', 'websocket'],
    ['sec-websocket-version', '13'],
  ]);
}

function refusal(detail: string, headers: RefusedUpgrade['headers']): RefusedUpgrade {
  return { error: new GatewayError('upgrade_refused', detail), headers };
}

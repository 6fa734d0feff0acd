import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway/gateway-options.ts';
import { anyOption, flagOption, functionOption, type OptionKind, textOption } from '../core/check-options.ts';
import { checkGatewayOptions } from '../gateway/check-gateway-options.ts';
import { Mount, type MountOptions } from './mount.ts';
import { mountOptionKinds } from './mount-option-kinds.ts';
import { bodyReadBefore } from './parsed-body.ts';
import { leaveUpgrade, responseOn, takeUpgrade } from './upgrade.ts';

/** How a gateway is mounted in a Fastify app. */
export interface FastifyMountOptions extends MountOptions {
  /** Fastify's: only what is below this path gets to the gateway. Routes and services see it all the same. */
  readonly prefix?: string;
  /** Whether the server's `upgrade` event is listened to; true when left out. */
  readonly websocket?: boolean;
  /** Is handed the gateway once it serves: for its metrics, and to reload it. */
  readonly onReady?: (gateway: Gateway) => void;
}

const optionKinds = {
  ...mountOptionKinds,
  prefix: textOption,
  websocket: flagOption,
  onReady: functionOption,
  // Fastify's own, which it has read already.
  logLevel: anyOption,
  logSerializers: anyOption,
} as const satisfies Record<keyof FastifyMountOptions | 'logLevel' | 'logSerializers', OptionKind>;

/**
 * Mounts a whole gateway in a Fastify app: `app.register(waygate, { config })`. Bodies stream through it untouched, whatever parsers
 * the app has; routes of the app come first. It is ready when the app is, and closed with it.
 * @throws TypeError in `ready()` when its options make no sense.
 * @throws ConfigError in `ready()` when the configuration has mistakes.
 */
export async function waygate(app: FastifyInstance, options: FastifyMountOptions): Promise<void> {
  checkGatewayOptions('waygate/fastify', options, optionKinds);
  const mount = new Mount(options);
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { url = '/' } = request;
    if (isBelow(url, app.prefix))
      takeUpgrade(mount, { request, socket, head, url, shared: options.otherwise !== 'answer' });
    else {
      const { response, leave } = responseOn(request, socket);
      leaveUpgrade({ request, socket }, response, leave);
    }
  };
  // Inside this plugin alone: elsewhere in the app its parsers are as they were.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => {
    done(null);
  });
  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    take(mount, options, request, reply);
  };
  app.all('/*', handler);
  // Without it a prefix itself, such as /api, is nobody's.
  if (app.prefix !== '') app.all('', handler);
  if (options.websocket !== false) app.server.on('upgrade', upgrade);
  // The server waits for its connections before `onClose`.
  app.addHook('preClose', (done) => {
    mount.endEndless();
    done();
  });
  app.addHook('onClose', async () => {
    app.server.off('upgrade', upgrade);
    await mount.close();
  });
  const gateway = await mount.ready;
  options.onReady?.(gateway);
}

function take(
  mount: Mount,
  { otherwise, onError }: FastifyMountOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const fail = (error: unknown): void => {
    // What is ours already, Fastify would not send any more.
    if (reply.sent) mount.answerFailure(reply.raw, error);
    else void reply.send(error);
  };
  mount.take({
    request: request.raw,
    response: reply.raw,
    url: request.raw.url ?? '/',
    readBefore: bodyReadBefore(request.raw, request.body ?? bodyOf(request.raw)),
    otherwise: otherwise === 'answer' ? undefined : (): void => reply.callNotFound(),
    fail,
    onError: onError === 'next' ? fail : undefined,
    onAnswer: () => {
      reply.hijack();
      // What hooks and the app have set on the reply belongs to the answer.
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
    },
  });
}

/** Whether a request's target is the prefix of the plugin or below it; Fastify's router has no say in upgrades. */
function isBelow(target: string, prefix: string): boolean {
  const wanted = prefix.split('/').filter((part) => part !== '');
  const path = (target.split('?', 1)[0] ?? '').split('/').slice(1);
  return wanted.every((part, i) => (part.startsWith(':') ? (path[i] ?? '') !== '' : path[i] === part));
}

/** Parsers of Express and connect, run as a hook, leave it there. */
function bodyOf(request: IncomingMessage & { readonly body?: unknown }): unknown {
  return request.body;
}

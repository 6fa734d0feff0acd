import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { Provider, type Adapter, type Configuration } from 'oidc-provider';
import { z } from 'zod';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';
import type { SigningKey } from './token-issuer.ts';

const client = { id: 'shop', secret: 'a secret of a client of this test' } as const;

const tokenAnswer = z.object({ access_token: z.string() });

/** Tokens that are signed need no store, and nothing else is asked of the provider. */
const nothingKept: Adapter = {
  upsert: () => Promise.resolve(),
  find: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
  findByUid: () => Promise.resolve(undefined),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real identity provider, in this process: discovery, keys that rotate, and access tokens as JWTs (RFC 9068). */
export class IdentityProvider {
  readonly issuer: string;
  /** Paths that were asked for since it was started, in order. */
  readonly asked: string[] = [];
  readonly #server: Server;
  #handler: Handler = (_request, response) => void response.writeHead(503).end();

  /** Use {@link openIdentityProvider}. */
  constructor(server: Server, port: number) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => {
      this.asked.push(request.url ?? '');
      this.#handler(request, response);
    });
  }

  /** How often the keys were fetched. */
  get keyFetches(): number {
    return this.asked.filter((path) => path === '/jwks').length;
  }

  /** Publishes these keys and no others; the first signs from now on. */
  publish(...keys: readonly SigningKey[]): void {
    const provider = new Provider(this.issuer, configurationWith(keys));
    const handler = provider.callback();
    this.#handler = (request, response) => void handler(request, response);
  }

  /** A new access token for a resource, from the token endpoint (RFC 6749 §4.4, RFC 8707). */
  async token(resource: string): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.id}:${encodeURIComponent(client.secret)}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read', resource }),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the token endpoint answered ${response.status}: ${text}`);
    return tokenAnswer.parse(JSON.parse(text)).access_token;
  }

  close(): Promise<void> {
    const stopped = stopListening(this.#server);
    this.#server.closeAllConnections();
    return stopped;
  }
}

/** Starts a provider without keys, on a free port of 127.0.0.1; whoever calls closes it. */
export async function openIdentityProvider(): Promise<IdentityProvider> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  const { port } = await listen(server);
  return new IdentityProvider(server, port);
}

/** Starts a provider with these keys; it is gone when the test ends. */
export async function startIdentityProvider(
  t: TestContext,
  ...keys: readonly SigningKey[]
): Promise<IdentityProvider> {
  const provider = await openIdentityProvider();
  onFinish(t, 'targets', () => provider.close());
  provider.publish(...keys);
  return provider;
}

function configurationWith(keys: readonly SigningKey[]): Configuration {
  const alg = z.enum(['ES256', 'RS256']).parse(keys[0]?.jwk['alg']);
  return {
    // Each key in its private form: the provider publishes the other half itself.
    jwks: { keys: keys.map(({ jwk, privateKey }) => ({ ...jwk, ...privateKey.export({ format: 'jwk' }) })) },
    adapter: () => nothingKept,
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: 'orders:read',
      },
    ],
    clientDefaults: { id_token_signed_response_alg: alg },
    scopes: ['orders:read'],
    ttl: { ClientCredentials: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'orders:read',
          audience: resource,
          accessTokenTTL: 3600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
  };
}

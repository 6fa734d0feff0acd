import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { GatewayOptions } from '../../gateway/gateway-options.ts';
import { Mount } from '../mount.ts';
import type { Options } from './options.ts';
import type { ProxyTarget } from './proxy-target.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** What all targets of a proxy have in common. */
export interface EngineSettings {
  readonly verify: boolean;
  /** Milliseconds without a sign of the target; 0 is no end. */
  readonly timeout: number;
  /** Milliseconds until it has answered an upgrade; 0 is no end. */
  readonly upgradeTimeout: number;
  /** Whether connections are kept. */
  readonly keepAlive: boolean;
  readonly connections: number | undefined;
}

/** So many targets at most have a gateway at rest. */
const MOST_TARGETS = 200;

/** A gateway for each target: made when it is first asked for, and kept. */
export class TargetGateways {
  readonly #settings: EngineSettings;
  readonly #mounts = new Map<string, Mount>();

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  /** The one of a target. WebSockets, which may be quiet for as long as they like, have one of their own. */
  of(target: ProxyTarget, upgrade: boolean): Mount {
    const key = upgrade ? `${target.origin} upgrade` : target.origin;
    let mount = this.#mounts.get(key);
    if (mount !== undefined) return mount;
    if (this.#mounts.size >= MOST_TARGETS) this.#letGo();
    const config = configFor(target, this.#settings, upgrade);
    mount = new Mount({ config, accessLog: false, watch: false });
    this.#mounts.set(key, mount);
    return mount;
  }

  /** Ends all of them. They are made again when they are asked for. */
  async close(): Promise<void> {
    const mounts = [...this.#mounts.values()];
    this.#mounts.clear();
    await Promise.all(mounts.map((mount) => mount.close()));
  }

  /** Ends the first that nobody uses. */
  #letGo(): void {
    for (const [origin, mount] of this.#mounts) {
      if (!mount.idle) continue;
      this.#mounts.delete(origin);
      void mount.close();
      return;
    }
  }
}

/** One target, without limits of ours: what comes in, and how much of it, is up to the app. */
function configFor(
  { origin, secure }: ProxyTarget,
  { verify, timeout, upgradeTimeout, keepAlive, connections }: EngineSettings,
  upgrade: boolean,
): NonNullable<GatewayOptions['config']> {
  const answer = upgrade ? upgradeTimeout : timeout;
  const idle = duration(upgrade ? 0 : timeout);
  return {
    upstreams: {
      target: {
        targets: [origin],
        timeouts: {
          connect: answer === 0 ? '2m' : duration(Math.min(answer, 300_000)),
          responseHeaders: duration(answer),
          bodyIdle: idle,
          ...(keepAlive ? {} : { keepAlive: 0 as const }),
        },
        limits: { inFlight: 1_000_000, queue: '5m', ...(connections === undefined ? {} : { connections }) },
        retries: { attempts: 0 },
        ...(secure ? { tls: { verify } } : {}),
      },
    },
    routes: [
      {
        path: '/',
        upstream: 'target',
        preserveHost: true,
        streaming: true,
        allowEncodedSeparators: true,
        // The route's holds for event streams and WebSockets as well.
        timeouts: { requestBodyIdle: 0, bodyIdle: idle },
        limits: { body: 0 },
      },
    ],
    limits: { headerBytes: '1mb', headerCount: 2000, targetBytes: '64kb', inFlight: 1_000_000 },
    overload: { eventLoopDelay: 0, memory: 0 },
    rateLimits: { memory: '64kb' },
    identity: { headers: {} },
    // Who may say where a request comes from has been decided by then.
    trustedProxies: ['0.0.0.0/0', '::/0'],
    forwarded: 'none',
  };
}

/** The longest that a configuration takes, in milliseconds. */
const LONGEST = 24 * 86_400_000;

function duration(milliseconds: number): 0 | `${number}ms` {
  return milliseconds === 0 ? 0 : `${Math.min(Math.ceil(milliseconds), LONGEST)}ms`;
}

/** What an agent of Node's may say, beyond what `agent` reads of it, without a meaning here. */
const withoutMeaning = new Set([
  'keepAlive',
  'keepAliveMsecs',
  'maxSockets',
  'maxFreeSockets',
  'maxTotalSockets',
  'scheduling',
  'noDelay',
  'path',
  'timeout',
  'agentKeepAliveTimeoutBuffer',
  'defaultPort',
  'protocol',
  'proxyEnv',
  'rejectUnauthorized',
  'maxCachedSessions',
]);

/**
 * What the options say about connections.
 * @throws UnsupportedError for an agent that does more than keep connections.
 */
export function engineSettings(
  agent: unknown,
  { secure, proxyTimeout, upgradeTimeout }: Pick<Options, 'secure' | 'proxyTimeout' | 'upgradeTimeout'>,
): EngineSettings {
  const base = {
    verify: secure !== false,
    timeout: proxyTimeout ?? 0,
    upgradeTimeout: upgradeTimeout ?? 0,
    keepAlive: agent !== false,
    connections: undefined,
  };
  if (agent === undefined || agent === null || agent === false) return base;
  const plain =
    agent instanceof HttpAgent && [HttpAgent, HttpsAgent].some((known) => agent.constructor === known);
  if (!plain)
    throw new UnsupportedError(
      'an agent of another class than http.Agent and https.Agent',
      'leave it out; connections are kept without one. Through another proxy, use http-proxy-middleware itself',
    );
  // It is there, and its types do not say so.
  const { options } = agent as HttpAgent & { readonly options: object };
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined || value === null || withoutMeaning.has(name)) continue;
    throw new UnsupportedError(
      `"${name}" of an agent`,
      'write an upstream with `tls` in a configuration, and mount it with waygate/express',
    );
  }
  const { keepAlive = false, rejectUnauthorized } = options as {
    readonly keepAlive?: boolean;
    readonly rejectUnauthorized?: boolean;
  };
  return {
    ...base,
    verify: base.verify && rejectUnauthorized !== false,
    keepAlive,
    connections: Number.isFinite(agent.maxSockets) ? agent.maxSockets : undefined,
  };
}

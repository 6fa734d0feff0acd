import type { Mistake } from '../config/mistake.ts';
import type { Config, ConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import type { RequestOrigin } from './handle-request.ts';
import type { ListenerAddress } from './listener.ts';
import type { OverloadGauges } from './overload.ts';

/** How a gateway is made. One of `config` and `configFile` is given. */
export interface GatewayOptions {
  /** The configuration, as it would stand in a file. */
  readonly config?: ConfigInput;
  /** The file of the configuration; it is watched, and read again when it changes. */
  readonly configFile?: string;
  /** Policies beyond the built-in ones. Code cannot be handed to another thread: with `workers`, name their modules in `policyModules` of the configuration. */
  readonly policies?: readonly PolicyDefinition[];
  /**
   * Whether it listens where the configuration says; true when left out. Without listeners it serves in one thread, what
   * {@link Gateway.handle} is given.
   */
  readonly listen?: boolean;
  /** The operational log; standard error when left out. */
  readonly logger?: Logger;
  /** Where records of exchanges go; false is nowhere, and standard output when left out, as the configuration says. */
  readonly accessLog?: ((record: AccessRecord) => void) | false;
  /** Not with `workers`. */
  readonly clock?: Clock;
  /** Not with `workers`. */
  readonly random?: Random;
  /** How busy this process is, and how full; its own measurements when left out. Not with `workers`. */
  readonly gauges?: OverloadGauges;
  /** Environment for `${NAME}` in a configuration file; the process's own when left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether the files of the configuration are watched; true when left out. */
  readonly watch?: boolean;
}

/** What a reload came to. */
export type ReloadResult =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** What is open and under way. With workers, connections to targets are counted twice a second. */
export interface GatewayStats {
  readonly clientConnections: number;
  readonly targetConnections: number;
  readonly inFlight: number;
}

/** The running program, in one thread or in several. */
export interface Gateway {
  /** Where it listens, in the order of the configuration. */
  readonly addresses: readonly ListenerAddress[];
  /** Where the admin listener is, if there is one. */
  readonly adminAddress: ListenerAddress | undefined;
  /** The configuration that new requests meet. */
  readonly config: Config;
  /** How many threads serve. */
  readonly workers: number;
  /** Open connections and exchanges, for tests and the curious. */
  readonly stats: GatewayStats;
  /** Everything that is counted, in the text format of Prometheus. */
  metrics(): string;
  /**
   * Answers a web `Request` with a `Response`, without a socket on the client's side: for tests and serverless. A `Response`
   * cannot change the protocol: upgrades are refused. Rejects with a GatewayError when the answer breaks off before its head,
   * with the request's reason when it is aborted, and with a TypeError where `workers` are more than one.
   */
  handle(request: Request, origin?: RequestOrigin): Promise<Response>;
  /**
   * Reads the configuration again and lets new exchanges use it; those under way finish on the old one. One reload at a
   * time: a second call waits for the first. A configuration with mistakes changes nothing.
   */
  reload(): Promise<ReloadResult>;
  /**
   * Ends in good order: not ready any more, a while of accepting all the same, then the exchanges under way get their
   * time, then everything is closed. Calling it again waits for the same end.
   */
  drain(): Promise<void>;
  /** Ends at once. Resolves when nothing is left. */
  close(): Promise<void>;
}

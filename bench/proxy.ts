/** Policies that a scenario asks for, in the words of each proxy that has them. */
export interface Policies {
  /** Waygate's `policies:` list, as in its configuration. */
  readonly waygate: readonly Readonly<Record<string, object>>[];
  /** The same for nginx: directives for its `http` block, and for each `location`. */
  readonly nginx?: { readonly http?: string; readonly location?: string };
}

/** How a scenario wants a proxy to be set up. */
export interface Setup {
  /** The port to listen on, on 127.0.0.1. */
  readonly port: number;
  /** The port of the one target, on 127.0.0.1 and ::1. */
  readonly targetPort: number;
  /** How many routes there are: `/r0`, `/r1`, … All lead to the target, which sees the path with or without them. */
  readonly routes: number;
  /** Whether the access log is on, and metrics where the proxy has them. */
  readonly observed: boolean;
  /** What every request goes through. */
  readonly policies?: Policies | undefined;
  /** The port of a Redis on 127.0.0.1, where the scenario has one. */
  readonly redisPort?: number | undefined;
  /** A folder of its own, for configuration and logs. */
  readonly folder: string;
}

/** A program to start, in the foreground. */
export interface Launch {
  readonly command: readonly [program: string, ...args: string[]];
  /** Files to write into the folder first, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A proxy that takes part. */
export interface Proxy {
  /** How flags name it. A build of Waygate other than the working tree has `@` and its commit behind it. */
  readonly key: string;
  /** How tables name it. */
  readonly name: string;
  /** Whether Node runs it: it is then compiled while it runs, and needs a longer warm-up. */
  readonly runsOnNode: boolean;
  /** How many event loops it has, each of which is compiled for itself; 1 when absent. */
  readonly threads?: number;
  /** Whether it is a variant that only takes part in scenarios that name it. */
  readonly isVariant?: boolean;
  /** Why it cannot take part on this machine, with the line that installs it; undefined when it can. */
  missing?(): string | undefined;
  version(): string;
  launch(setup: Setup): Launch;
}

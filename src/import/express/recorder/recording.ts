/** What the recorder in the child process tells the importer: JSON in a file. */

/** A place in the source of the program. */
export interface SourcePlace {
  /** An absolute path. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A value of an options object, as JSON can carry it: what is no plain data says what it was. */
export type Described =
  | { readonly type: 'plain'; readonly value: string | number | boolean | null }
  | { readonly type: 'list'; readonly items: readonly Described[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [key: string, value: Described])[] }
  | { readonly type: 'function'; readonly name: string; readonly place?: SourcePlace }
  | { readonly type: 'regexp'; readonly source: string; readonly flags: string }
  | { readonly type: 'url'; readonly href: string }
  /** An instance of a class, such as `Agent`, or what is too large or too deep to be told. */
  | {
      readonly type: 'other';
      readonly what: string;
      readonly entries: readonly (readonly [string, Described])[];
    };

/** A call that made a proxy. */
export interface RecordedCall {
  readonly package: 'http-proxy-middleware' | 'waygate/http-proxy-middleware' | 'express-http-proxy';
  /** `createProxyMiddleware`, `legacyCreateProxyMiddleware` or `proxy`. */
  readonly name: string;
  /** Of the package that is installed for the program; undefined when none is. */
  readonly version?: string;
  readonly args: readonly Described[];
  readonly place?: SourcePlace;
}

/** A path as Express takes it. */
export type MountPath =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'regexp'; readonly source: string; readonly flags: string };

/** One level of routers that a request comes through. */
export interface MountLevel {
  /** `use` matches what is below as well and takes the path away; `route` matches the whole path and takes nothing. */
  readonly type: 'use' | 'route';
  /** Any of these. */
  readonly paths: readonly MountPath[];
  /** As Express knows it, in upper case; undefined for all. */
  readonly method?: string;
}

/** Who is asked on the way. */
export type RecordedHandler =
  | { readonly type: 'proxy'; readonly call: number }
  | {
      readonly type: 'middleware';
      readonly name: string;
      /** The package that it comes from; undefined for the program's own. */
      readonly package?: string;
      readonly handlesErrors: boolean;
      readonly place?: SourcePlace;
    };

/** One handler in one place, in the order in which Express asks them. */
export interface RecordedStep {
  readonly levels: readonly MountLevel[];
  readonly handler: RecordedHandler;
  /** Where it was registered. */
  readonly place?: SourcePlace;
}

/** What a program asked to listen on. */
export interface RecordedListener {
  readonly port?: number;
  readonly host?: string;
  /** A Unix socket. */
  readonly path?: string;
  readonly tls: boolean;
}

/** What became of a program. */
export interface Recording {
  /** `listened`: as far as the recorder goes; `ended`: by itself; `late`: it had not listened when the time was over. */
  readonly outcome: 'listened' | 'ended' | 'failed' | 'late';
  /** What it threw. */
  readonly error?: { readonly message: string; readonly code?: string; readonly place?: SourcePlace };
  readonly express?: { readonly version: string };
  readonly listeners: readonly RecordedListener[];
  readonly calls: readonly RecordedCall[];
  readonly steps: readonly RecordedStep[];
  /** Whether there were more steps than are kept. */
  readonly truncated: boolean;
  /** How many apps had something registered. */
  readonly apps: number;
  /** Calls whose `upgrade` was handed to a server. */
  readonly upgrades: readonly number[];
}

/** What the recorder is told through {@link orderVariable}. */
export interface RecorderOrder {
  /** The file to write. */
  readonly to: string;
  /** Milliseconds until a program that has not listened is cut off. */
  readonly within: number;
}

/** The environment variable with the recorder's order, as JSON. */
export const orderVariable = 'WAYGATE_IMPORT_RECORDER';

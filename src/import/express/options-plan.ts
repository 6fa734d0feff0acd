import type { DraftTarget } from '../draft.ts';
import type { Place } from '../report.ts';
import type { Described } from './recorder/recording.ts';

/** A target of a call: its address, and the path that is put in front of requests. */
export interface PlanTarget {
  readonly url: DraftTarget['url'];
  /** Without a slash at its end; empty for none. */
  readonly path: string;
}

/** Where some requests go in place of the target, by a `router` table. */
export interface PlanTableEntry {
  readonly host?: string;
  readonly path?: string;
  readonly target: PlanTarget;
}

/** A rule of `pathRewrite`: paths that begin with `from` begin with `to`. */
export interface PlanRewrite {
  readonly from: string;
  readonly to: string;
  /** The subject of the verdict on it. */
  readonly subject: string;
}

/** What the options of a call come to, whatever it is mounted at. */
export interface OptionsPlan {
  target?: PlanTarget;
  readonly table: PlanTableEntry[];
  /** Undefined for all paths. */
  filters?: readonly string[];
  /** Whether there is a filter that could not be read: then there is no route. */
  filterUnknown: boolean;
  readonly rewrites: PlanRewrite[];
  /** Whether there is a rewriting that could not be read. */
  rewriteUnknown: boolean;
  changeOrigin: boolean;
  /** Headers for the target: values as the configuration has them. */
  readonly headers: Record<string, string>;
  secure: boolean;
  responseTimeout?: number;
  clientTimeout?: number;
  maxSockets?: number;
  prependPath: boolean;
  ignorePath: boolean;
  websocket?: boolean;
}

/** What an option became: exactly one of these for each thing that a call says. */
export type Verdict =
  | { readonly type: 'translated'; readonly became: string }
  | { readonly type: 'approximated'; readonly became: string; readonly differs: string }
  | { readonly type: 'left-out'; readonly why: string; readonly remedy: string };

/** What one thing that a call says became. */
export interface Said {
  /** Such as `changeOrigin`, `on.proxyReq` or `headers.x-key`. */
  readonly subject: string;
  /** As the source says it, without secrets. */
  readonly value: string;
  /** May change while routes are made: some things depend on where a call is mounted. */
  verdict: Verdict;
  readonly place?: Place;
}

export function translated(became: string): Verdict {
  return { type: 'translated', became };
}

export function approximated(became: string, differs: string): Verdict {
  return { type: 'approximated', became, differs };
}

export function leftOut(why: string, remedy: string): Verdict {
  return { type: 'left-out', why, remedy };
}

/** A value as a report shows it: short, never the inside of what may hold secrets. */
export function shown(value: Described): string {
  switch (value.type) {
    case 'plain':
      return JSON.stringify(value.value);
    case 'url':
      return value.href;
    case 'regexp':
      return `/${value.source}/${value.flags}`;
    case 'function':
      return value.name === '' ? 'a function' : `the function ${value.name}`;
    case 'list':
      return `[${value.items.slice(0, 5).map(shown).join(', ')}${value.items.length > 5 ? ', …' : ''}]`;
    case 'map':
      return '{…}';
    default:
      return value.what;
  }
}

import type { Place } from './report.ts';

/** A configuration in the making, in the order in which it is written. */
export interface Draft {
  /** Lines of the comment at the top, after the first. */
  readonly about: readonly string[];
  listen: DraftListener[];
  admin?: { readonly port: number; readonly host?: string };
  redis?: string;
  trustedProxies?: readonly string[];
  timeouts?: Readonly<Record<string, string>>;
  limits?: Readonly<Record<string, string>>;
  readonly upstreams: DraftUpstream[];
  readonly policies: DraftPolicy[];
  routes: DraftRoute[];
  /** What stands in the environment, by name: only for trying the configuration out, never shown. */
  readonly secrets: Map<string, string>;
}

/** An address to listen on: a port, or `host:port`. */
export interface DraftListener {
  readonly value: number | string;
  readonly comment?: string;
}

/** An upstream in the making. */
export interface DraftUpstream {
  readonly name: string;
  readonly targets: readonly DraftTarget[];
  /** All keys but `targets`. */
  settings: Readonly<Record<string, unknown>>;
  readonly comment?: string;
  readonly place?: Place;
}

/** One address of an upstream. */
export interface DraftTarget {
  readonly url: string;
  readonly weight?: number;
}

/** A policy in a list. */
export interface DraftPolicy {
  readonly name: string;
  readonly options: unknown;
  readonly comment?: string;
  /** Whether requests pass without it that should not: it is never dropped without something in its place. */
  readonly protects?: boolean;
}

/** How a path is matched; as in the configuration. */
export interface DraftPath {
  readonly type: 'exact' | 'prefix' | 'pattern' | 'regex';
  readonly value: string;
}

/** A route in the making. */
export interface DraftRoute {
  readonly comment?: string;
  /** What the source calls it, for the report. */
  readonly what: string;
  readonly place?: Place;
  readonly hosts?: readonly string[];
  path: DraftPath;
  /** Prefixes below its path of which it takes nothing: what comes later does. Never written. */
  readonly except?: readonly string[];
  methods?: readonly string[];
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly upstream?: string;
  readonly stripPrefix?: boolean;
  readonly rewrite?: string;
  readonly preserveHost?: boolean;
  readonly websocket?: boolean;
  readonly streaming?: boolean;
  timeouts?: Readonly<Record<string, string>>;
  limits?: Readonly<Record<string, string>>;
  policies: readonly DraftPolicy[];
}

/** An empty draft. */
export function newDraft(about: readonly string[]): Draft {
  return { about, listen: [], upstreams: [], policies: [], routes: [], secrets: new Map() };
}

/** Takes out the upstreams that no route names any more. */
export function dropUnusedUpstreams(draft: Draft): void {
  const used = new Set(draft.routes.map(({ upstream }) => upstream));
  draft.upstreams.splice(0, Infinity, ...draft.upstreams.filter(({ name }) => used.has(name)));
}

/** A text of the source as the configuration has it: what would be a variable there is none. */
export function literal(text: string): string {
  // In a replacement that is a text, $$ is one dollar.
  return text.replaceAll('${', () => '$${');
}

/**
 * Stands in place of a policy that could not be translated and kept requests out: until somebody puts the right one here,
 * nobody passes.
 */
export function closedDoor(what: string): DraftPolicy {
  return {
    name: 'authorize',
    options: { rules: [{ name: 'closed-until-translated', allow: false }] },
    comment: `In place of ${what}: nobody passes until there is a policy here that does what it did.`,
    protects: true,
  };
}

/** Milliseconds as a duration with a unit; `0` for what is off. */
export function durationText(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}

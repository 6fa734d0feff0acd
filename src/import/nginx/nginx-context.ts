import type { Draft } from '../draft.ts';
import type { ReportWriter } from '../report.ts';
import type { UsedDirectives } from './used-directives.ts';
import type { Directive } from './parse-nginx.ts';

/** What is common to all that is read of a configuration of nginx. */
export interface NginxContext {
  readonly draft: Draft;
  readonly report: ReportWriter;
  /** By name. */
  readonly upstreams: ReadonlyMap<string, Directive>;
  /** `limit_req_zone` and `limit_conn_zone`, by `req:` or `conn:` and the name of the zone. */
  readonly zones: ReadonlyMap<string, Directive>;
  /** Names of maps that are about upgrades alone. */
  readonly upgradeVariables: ReadonlySet<string>;
  /** Directives that have become something, or have been spoken of. */
  readonly used: UsedDirectives;
}

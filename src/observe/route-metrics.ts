import type { Histogram } from './histogram.ts';
import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';

/** The methods that a label may name; everything else a client invents is `other` (HARDENING F197). */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;
const methodIndex: ReadonlyMap<string, number> = new Map(methods.map((method, i) => [method, i]));
const otherMethod = methods.length - 1;

/** Classes of status; `none` is an exchange whose client was gone before it was answered. */
const classes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Upper bounds in seconds: from a cached answer to the longest exchange that the defaults allow. */
const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the data path counts for one route. */
export interface RouteMetrics {
  /**
   * One exchange has ended.
   * @param method as received.
   * @param status as sent to the client; 0 when none was.
   * @param durationMs milliseconds for the whole exchange.
   * @param upstreamMs the upstream's share in milliseconds; undefined when no target answered.
   * @param requestBytes octets of the request's body.
   * @param responseBytes octets of the response's body.
   */
  finished(
    method: string,
    status: number,
    durationMs: number,
    upstreamMs: number | undefined,
    requestBytes: number,
    responseBytes: number,
  ): void;
}

/** The series of all routes. */
export class RouteSeries {
  readonly requests: SeriesSet<Counter>;
  readonly duration: SeriesSet<Histogram>;
  readonly upstream: SeriesSet<Histogram>;
  readonly requestBytes: SeriesSet<Counter>;
  readonly responseBytes: SeriesSet<Counter>;
  readonly #handles = new Map<string, RouteHandle>();

  constructor(registry: MetricsRegistry) {
    this.requests = registry.counters(
      'waygate_requests_total',
      'Exchanges that ended, by route, method and class of the status sent to the client.',
      ['route', 'method', 'status'],
    );
    this.duration = registry.histograms(
      'waygate_request_duration_seconds',
      'Time from the complete request head to the last byte of the answer.',
      ['route'],
      durationBounds,
    );
    this.upstream = registry.histograms(
      'waygate_upstream_duration_seconds',
      "The upstream's share of it: from choosing a target to its complete response head.",
      ['route'],
      durationBounds,
    );
    this.requestBytes = registry.counters(
      'waygate_request_body_bytes_total',
      'Octets of request bodies received from clients.',
      ['route'],
    );
    this.responseBytes = registry.counters(
      'waygate_response_body_bytes_total',
      'Octets of response bodies sent to clients.',
      ['route'],
    );
  }

  /** The handle of a route; the same one for the same label as long as it is retained. */
  handle(label: string): RouteMetrics {
    const known = this.#handles.get(label);
    if (known !== undefined) return known;
    const handle = new RouteHandle(this, label);
    this.#handles.set(label, handle);
    return handle;
  }

  /** Drops the series of every route that is refused. */
  retain(keeps: (label: string) => boolean): void {
    for (const [label, handle] of this.#handles) {
      if (keeps(label)) continue;
      handle.retired = true;
      this.#handles.delete(label);
    }
    for (const set of [this.requests, this.duration, this.upstream, this.requestBytes, this.responseBytes]) {
      set.retain('route', keeps);
    }
  }
}

class RouteHandle implements RouteMetrics {
  /** The route is gone from the configuration: exchanges that still end on it must not bring its series back. */
  retired = false;
  readonly #series: RouteSeries;
  readonly #label: string;
  /** Made with the first exchange: of ten thousand routes most may never see one, and a scrape should not list them. */
  #duration: Histogram | undefined;
  #upstream: Histogram | undefined;
  #requestBytes: Counter | undefined;
  #responseBytes: Counter | undefined;
  /** One counter for each method and class, made when it first counts: most routes ever see three of them. */
  readonly #requests: (Counter | undefined)[] = Array.from({ length: methods.length * classes.length });

  constructor(series: RouteSeries, label: string) {
    this.#series = series;
    this.#label = label;
  }

  finished(
    method: string,
    status: number,
    durationMs: number,
    upstreamMs: number | undefined,
    requestBytes: number,
    responseBytes: number,
  ): void {
    if (this.retired) return;
    const statusClass = status >= 100 && status < 600 ? Math.trunc(status / 100) : 0;
    const methodAt = methodIndex.get(method) ?? otherMethod;
    (this.#requests[methodAt * classes.length + statusClass] ??= this.#counter(methodAt, statusClass)).add();
    const label = this.#label;
    (this.#duration ??= this.#series.duration.with(label)).observe(durationMs / 1000);
    if (upstreamMs !== undefined)
      (this.#upstream ??= this.#series.upstream.with(label)).observe(upstreamMs / 1000);
    if (requestBytes > 0) (this.#requestBytes ??= this.#series.requestBytes.with(label)).add(requestBytes);
    if (responseBytes > 0)
      (this.#responseBytes ??= this.#series.responseBytes.with(label)).add(responseBytes);
  }

  #counter(methodAt: number, statusClass: number): Counter {
    return this.#series.requests.with(
      this.#label,
      methods[methodAt] as string,
      classes[statusClass] as string,
    );
  }
}

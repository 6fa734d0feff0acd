import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { needs } from '../../test/kit/needs.ts';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts';
import { MetricsRegistry } from './metrics.ts';

let registry: MetricsRegistry;
let metrics: GatewayMetrics;

beforeEach(() => {
  registry = new MetricsRegistry();
  metrics = createGatewayMetrics(registry, { version: '1.2.3', accessLogDropped: () => 7, now: () => 1000 });
});

afterEach(() => {
  metrics.close();
});

/** The value of a series as it is exposed, or undefined. */
function value(series: string): number | undefined {
  const line = registry
    .expose()
    .split('\n')
    .find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Lets every metric have samples. */
function useEverything(): void {
  metrics.route('/users "\\\n<script>').finished('GET', 200, 12, 10, 5, 100);
  metrics.route('').finished('GET', 404, 1, undefined, 0, 50);
  metrics.policy('rate-limit', '/users').counter('refused', 'Refused.').add();
  metrics.connectionOpened();
  metrics.exchangeStarted();
  metrics.bytes(10, 20);
  metrics.upstreamError('users', 'upstream_closed');
  metrics.clientError('bad_path');
  metrics.retries('users');
  metrics.reload(true);
  metrics.configInfo('abc');
  metrics.headersDropped();
  metrics.shed('memory');
}

describe('an exchange that ended', () => {
  test('counts by route, method and class of status', () => {
    const route = metrics.route('/users');
    route.finished('GET', 200, 1, undefined, 0, 0);
    route.finished('GET', 204, 1, undefined, 0, 0);
    route.finished('POST', 503, 1, undefined, 0, 0);
    route.finished('GET', 0, 1, undefined, 0, 0);
    assert.equal(value('waygate_requests_total{route="/users",method="GET",status="2xx"}'), 2);
    assert.equal(value('waygate_requests_total{route="/users",method="POST",status="5xx"}'), 1);
    assert.equal(value('waygate_requests_total{route="/users",method="GET",status="none"}'), 1);
  });

  test('brings its route into the exposition; a route without one is not listed', () => {
    metrics.route('/users');
    assert.doesNotMatch(registry.expose(), /="\/users"/);
    metrics.route('/users').finished('GET', 200, 1, 1, 1, 1);
    assert.equal(registry.expose().match(/_count\{route="\/users"\}/g)?.length, 2);
  });

  test('that no route matched counts under (none)', () => {
    metrics.route('').finished('GET', 404, 1, undefined, 0, 0);
    assert.equal(value('waygate_requests_total{route="(none)",method="GET",status="4xx"}'), 1);
  });

  test('adds its durations in seconds to the buckets that hold them', () => {
    const route = metrics.route('/users');
    route.finished('GET', 200, 5, 5, 0, 0);
    route.finished('GET', 200, 6, undefined, 0, 0);
    route.finished('GET', 200, 70_000, 2, 0, 0);
    const at = (le: string): number | undefined =>
      value(`waygate_request_duration_seconds_bucket{route="/users",le="${le}"}`);
    assert.deepEqual([at('0.0025'), at('0.005'), at('0.01'), at('60'), at('+Inf')], [0, 1, 2, 2, 3]);
    assert.equal(value('waygate_request_duration_seconds_count{route="/users"}'), 3);
    assert.equal(value('waygate_request_duration_seconds_sum{route="/users"}'), 70.011);
    assert.equal(value('waygate_upstream_duration_seconds_count{route="/users"}'), 2);
  });

  test('adds the octets of its bodies', () => {
    metrics.route('/users').finished('PUT', 200, 1, 1, 300, 20);
    assert.equal(value('waygate_request_body_bytes_total{route="/users"}'), 300);
    assert.equal(value('waygate_response_body_bytes_total{route="/users"}'), 20);
  });

  test('with numbers that are none spoils no sum', () => {
    metrics.route('/users').finished('GET', NaN, NaN, -5, NaN, -1);
    const text = registry.expose();
    assert.doesNotMatch(text, /NaN/);
    assert.equal(value('waygate_request_duration_seconds_count{route="/users"}'), 1);
  });
});

describe('F197 whatever clients send, the number of series stays bounded', () => {
  test('by methods and statuses that nobody knows', () => {
    const route = metrics.route('/users');
    for (let i = 0; i < 5000; i++) {
      route.finished(`M${i}`, i, i, i, 0, 0);
      route.finished(`__proto__`, -i, i, i, 0, 0);
    }
    const series = registry.expose().match(/^waygate_requests_total\{/gm) ?? [];
    assert.ok(series.length <= 6, `${series.length} series`);
    assert.equal(value('waygate_requests_total{route="/users",method="other",status="2xx"}'), 100);
  });

  test('by methods in lower case, which are other methods', () => {
    metrics.route('/users').finished('get', 200, 1, 1, 0, 0);
    assert.equal(value('waygate_requests_total{route="/users",method="other",status="2xx"}'), 1);
  });
});

describe('a reload', () => {
  test('keeps counting for routes that stay, and drops those that are gone', () => {
    metrics.route('/users').finished('GET', 200, 1, 1, 0, 0);
    metrics.route('/old').finished('GET', 200, 1, 1, 0, 0);
    metrics.policy('cors', '/old').counter('refused', 'x').add();
    metrics.policy('cors', '').counter('refused', 'x').add();
    metrics.upstreamError('old', 'upstream_closed');
    metrics.retries('old');
    metrics.retain(new Set(['/users']), new Set(['users']));
    metrics.route('/users').finished('GET', 200, 1, 1, 0, 0);
    assert.equal(value('waygate_requests_total{route="/users",method="GET",status="2xx"}'), 2);
    assert.doesNotMatch(registry.expose(), /="\/?old"/);
    assert.equal(value('waygate_policy_cors_refused_total{route="(all)"}'), 1);
  });

  test('is not undone by exchanges that end on a route that is gone', () => {
    const old = metrics.route('/old');
    metrics.retain(new Set(), new Set());
    old.finished('GET', 200, 1, 1, 0, 0);
    assert.doesNotMatch(registry.expose(), /="\/old"/);
    metrics.route('/old').finished('GET', 200, 1, 1, 0, 0);
    assert.equal(value('waygate_requests_total{route="/old",method="GET",status="2xx"}'), 1);
  });

  test('a thousand times with ever new names leaves no more than the last', () => {
    for (let i = 0; i < 1000; i++) {
      metrics.route(`/r${i}`).finished('GET', 200, 1, 1, 0, 0);
      metrics.retain(new Set([`/r${i}`]), new Set());
    }
    assert.equal(registry.expose().match(/^waygate_requests_total\{/gm)?.length, 1);
  });

  test('is counted by result, and the last one can be seen', () => {
    assert.equal(value('waygate_config_last_reload_successful'), 1);
    metrics.reload(false);
    assert.equal(value('waygate_config_reloads_total{result="failed"}'), 1);
    assert.equal(value('waygate_config_last_reload_successful'), 0);
    metrics.reload(true);
    assert.equal(value('waygate_config_last_reload_successful'), 1);
    metrics.configInfo('abc');
    assert.equal(value('waygate_config_info{version="abc"}'), 1);
    assert.equal(value('waygate_config_loaded_timestamp_seconds'), 1);
  });
});

test('gauges go up and down', () => {
  metrics.connectionOpened();
  metrics.connectionOpened();
  metrics.connectionClosed();
  metrics.exchangeStarted();
  assert.equal(value('waygate_connections_open'), 1);
  assert.equal(value('waygate_connections_total'), 2);
  assert.equal(value('waygate_requests_in_flight'), 1);
  metrics.exchangeEnded();
  assert.equal(value('waygate_requests_in_flight'), 0);
});

test('a counter of a policy is named after it, and the same over reloads', () => {
  metrics.policy('rate-limit', '/users').counter('refused', 'Refused.').add(2);
  metrics.policy('rate-limit', '/users').counter('refused', 'Refused.').add();
  assert.equal(value('waygate_policy_rate_limit_refused_total{route="/users"}'), 3);
  assert.throws(() => metrics.policy('x', '').counter('Bad name', ''), TypeError);
});

test('counters of a policy may have labels from the configuration, the same ones each time', () => {
  const policy = metrics.policy('authorize', '/orders');
  policy.counter('refused', 'Refused.', { rule: 'own' }).add(2);
  policy.counter('refused', 'Refused.', { rule: 'all' }).add();
  assert.equal(value('waygate_policy_authorize_refused_total{route="/orders",rule="own"}'), 2);
  assert.equal(value('waygate_policy_authorize_refused_total{route="/orders",rule="all"}'), 1);
  assert.throws(() => policy.counter('refused', 'Refused.'), /has the labels route, rule/);
  assert.throws(() => policy.counter('other', 'x', { 'Bad label': 'x' }), TypeError);
});

test('a metric cannot be declared twice', () => {
  assert.throws(() => registry.counter('waygate_connections_total', ''), /declared twice/);
});

test('promtool finds nothing to complain about', { skip: needs('promtool') }, () => {
  useEverything();
  const text = registry.expose();
  assert.ok(text.length > 1000);
  assert.equal(
    execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' }),
    '',
  );
});

test('docs/metrics.md lists exactly the metrics that there are, with their types', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z0-9_]+)` *\| (counter|gauge|histogram) *\|/gm)].map(
    (row) => `${row[1]} ${row[2]}`,
  );
  const declared = [...registry.families()].map(({ name, type }) => `${name} ${type}`);
  assert.ok(declared.length > 20);
  assert.deepEqual(listed.toSorted(), declared.toSorted());
});

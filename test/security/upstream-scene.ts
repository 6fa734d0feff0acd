import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { AccessRecord } from '../../src/observe/access-log.ts';
import { eventually } from '../kit/eventually.ts';
import { openClient } from '../kit/raw-client.ts';
import type { ClientOutcome, RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import type { ReceivedResponse } from '../kit/response-parser.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

/** What came of one request: what the client saw, and what the access log says. */
export interface Exchanged {
  readonly outcome: ClientOutcome;
  readonly record: AccessRecord;
}

/** A plain request. */
export const get = 'GET /asked HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** A request that must not be sent twice. */
export const post = 'POST /asked HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 5\r\n\r\nhello';

/** A gateway in front of a target that misbehaves, and the checks that every row of HARDENING §9 asks for. */
export class UpstreamScene {
  readonly gateway: TestGateway;
  readonly target: RecordingTarget;

  constructor(gateway: TestGateway, target: RecordingTarget) {
    this.gateway = gateway;
    this.target = target;
  }

  get port(): number {
    return this.gateway.port;
  }

  /** Answers the next request as scripted, and says what comes of it on a connection of its own. */
  async ask(bytes: string, ...scripts: readonly Script[]): Promise<Exchanged> {
    const index = this.gateway.records.length;
    this.target.next(...scripts);
    const client = await openClient(this.port);
    try {
      await client.send(bytes);
      const outcome = await client.outcome({ to: methodOf(bytes) });
      return { outcome, record: await this.gateway.record(index) };
    } finally {
      client.destroy();
    }
  }

  /**
   * The answer to this request fails before anything of it has left: the client gets a problem answer of that status on a
   * connection that goes on, the log has one record and the metric one more.
   */
  async assertFailed(
    bytes: string,
    status: number,
    code: ErrorCode,
    ...scripts: readonly Script[]
  ): Promise<AccessRecord> {
    const records = this.gateway.records.length;
    const failures = this.failures(code);
    const { outcome, record } = await this.ask(bytes, ...scripts);
    this.assertProblem(outcome, status, code);
    assert.deepEqual([record.status, record.error], [status, code]);
    await this.assertNextServed();
    assert.equal(this.gateway.records.length, records + 2, 'one record each');
    assert.equal(this.failures(code), failures + 1, 'a metric counts it');
    return record;
  }

  /**
   * The answer to this request breaks off after part of it has left: the client's connection ends without an end of the
   * body, or the client gets a 502 where nothing had left yet.
   */
  async assertBroken(bytes: string, code: ErrorCode, ...scripts: readonly Script[]): Promise<Exchanged> {
    const records = this.gateway.records.length;
    const failures = this.failures(code);
    const exchanged = await this.ask(bytes, ...scripts);
    const { outcome, record } = exchanged;
    if (outcome.kind === 'response') this.assertProblem(outcome, 502, code);
    else assert.equal(outcome.kind, 'closed', JSON.stringify(outcome));
    assert.equal(record.error, code);
    await this.assertNextServed();
    assert.equal(this.gateway.records.length, records + 2, 'one record each');
    assert.equal(this.failures(code), failures + 1, 'a metric counts it');
    return exchanged;
  }

  /** The answer to this request arrives whole. */
  async assertServed(bytes: string, ...scripts: readonly Script[]): Promise<ReceivedResponse> {
    const { outcome, record } = await this.ask(bytes, ...scripts);
    if (outcome.kind !== 'response') assert.fail(JSON.stringify(outcome));
    assert.equal(record.status, outcome.response.status);
    assert.equal(record.error, undefined);
    return outcome.response;
  }

  /** A client that has nothing to do with what was before gets its own answer, and nothing is left of what was. */
  async assertNextServed(): Promise<void> {
    this.target.next(answer({ body: 'the next answer' }));
    const client = await openClient(this.port);
    await client.send('GET /next-client HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n');
    const response = await client.response();
    client.destroy();
    assert.deepEqual([response.status, response.text], [200, 'the next answer']);
    assert.equal(this.target.requests.at(-1)?.target, '/next-client');
    await this.assertAtRest();
  }

  /** No exchange is under way, and no connection to the target but those that rest. */
  async assertAtRest(): Promise<void> {
    const { gateway } = this.gateway;
    await eventually(
      () =>
        gateway.stats.inFlight === 0 &&
        gateway.stats.targetConnections === this.target.openConnections.length,
      () =>
        `everything is at rest: ${JSON.stringify(gateway.stats)}, ${this.target.openConnections.length} open`,
    );
  }

  /** How many exchanges the upstream has failed with that code. */
  failures(code: ErrorCode): number {
    return this.gateway.metric('waygate_upstream_errors_total', { upstream: 'service', code });
  }

  /** A client of the gateway; the test destroys it. */
  async connect(): Promise<RawClient> {
    return openClient(this.port);
  }

  /** An answer of the gateway's own, of that status and code, free of internals. */
  assertProblem(outcome: ClientOutcome, status: number, code: ErrorCode): void {
    if (outcome.kind !== 'response') assert.fail(JSON.stringify(outcome));
    const { response } = outcome;
    assert.equal(response.status, status, response.text);
    assert.equal(response.header('content-type'), 'application/problem+json');
    assert.match(response.text, new RegExp(`"code":"${code}"`));
    assert.doesNotMatch(response.text, new RegExp(`127\\.0\\.0\\.1|${this.target.port}|ECONN|llhttp`));
  }
}

/**
 * Starts a gateway with its defaults, or with what the test changes, in front of a target that answers `OK`.
 * @param upstream settings of the upstream, as in a configuration.
 */
export async function startUpstreamScene(
  t: TestContext,
  config: Partial<ConfigInput> = {},
  upstream: object = {},
): Promise<UpstreamScene> {
  const target = await startRecordingTarget(t);
  const upstreams = { service: { targets: [target.url], ...upstream } };
  const gateway = await startGateway(t, routeTo(target, { ...calm, upstreams, ...config }));
  return new UpstreamScene(gateway, target);
}

/** A busy machine is no reason to shed the requests of a test. */
export const calm = { overload: { eventLoopDelay: 0, memory: 0 } } as const;

function methodOf(bytes: string): string {
  return bytes.slice(0, bytes.indexOf(' '));
}

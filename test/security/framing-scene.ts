import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { openClient } from '../kit/raw-client.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import type { ReceivedResponse } from '../kit/response-parser.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

/** How an input is to be refused. */
export interface Refusal {
  /** The statuses that are right. */
  readonly status: number | readonly number[];
  /** The method of the request, where the answer to a HEAD is meant. */
  readonly to?: string;
  /**
   * The fault lies in the body, so that the head may have gone out before it was seen: the target may have got the
   * beginning of a request, but then sees it broken off.
   */
  readonly inBody?: boolean;
  /** What the access log calls it; any word when left out. */
  readonly code?: string;
}

const problem = z.strictObject({
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string().optional(),
});

/** A gateway in front of a recording target, and the checks that every row of HARDENING §1 asks for. */
export class FramingScene {
  readonly gateway: TestGateway;
  readonly target: RecordingTarget;

  constructor(gateway: TestGateway, target: RecordingTarget) {
    this.gateway = gateway;
    this.target = target;
  }

  get port(): number {
    return this.gateway.port;
  }

  /**
   * The bytes are refused: a status of those given in a well-formed problem answer that says `Connection: close`, then
   * the connection ends; nothing reached the target; one record in the access log, one count; and the next client is served.
   */
  async assertRefused(bytes: string | Uint8Array, refusal: Refusal): Promise<void> {
    const { gateway, target } = this;
    const [octets, records, requests] = [
      target.receivedLength,
      gateway.records.length,
      target.requests.length,
    ];
    const counted = this.#countedRefusals();
    const client = await openClient(this.port);
    try {
      await client.send(bytes);
      const response = await client.response({ to: refusal.to ?? 'GET' });
      assertProblem(response, refusal);
      assert.equal(await client.ending(), 'finished');
      assert.equal(client.unread.length, 0, 'nothing follows the refusal');
    } finally {
      client.destroy();
    }
    if (refusal.inBody === true) await this.#assertBrokenOff(requests);
    else assert.equal(target.receivedLength, octets, 'nothing reaches the target');
    await eventually(() => gateway.records.length > records, 'the refusal is in the access log');
    const [record, ...others] = gateway.records.slice(records);
    assert.deepEqual(others, [], 'one record');
    assert.ok(record?.error !== undefined, 'the record names the error');
    if (refusal.code !== undefined) assert.equal(record.error, refusal.code);
    assert.equal(this.#countedRefusals(), counted + 1, 'a metric counts it');
    await this.assertNextClientServed();
  }

  /** One request on a connection of its own is forwarded, exactly once and without irregularity. */
  async assertForwarded(bytes: string | Uint8Array, to = 'GET'): Promise<RecordedRequest> {
    const before = this.target.requests.length;
    const client = await openClient(this.port);
    await client.send(bytes);
    const response = await client.response({ to });
    client.destroy();
    assert.equal(response.status, 200);
    const request = await this.target.request(before);
    assert.equal(this.target.requests.length, before + 1);
    assert.deepEqual(this.target.irregularities, []);
    return request;
  }

  /** A client that has nothing to do with what was before is served by the target. */
  async assertNextClientServed(): Promise<void> {
    const before = this.target.requests.length;
    const client = await openClient(this.port);
    await client.send('GET /next-client HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n');
    const response = await client.response();
    client.destroy();
    assert.deepEqual([response.status, response.text], [200, 'OK']);
    const seen = this.target.requests.slice(before);
    assert.deepEqual(
      seen.map(({ target }) => target),
      ['/next-client'],
    );
    assert.deepEqual(this.target.irregularities, []);
  }

  /** A client of the gateway; the test destroys it, or the end of the test does. */
  async connect(): Promise<RawClient> {
    return openClient(this.port);
  }

  async #assertBrokenOff(from: number): Promise<void> {
    for (const request of this.target.requests.slice(from)) {
      assert.equal(request.complete, false, 'no whole request reaches the target');
      const connection = this.target.connections.find(({ requests }) => requests.includes(request));
      await eventually(() => connection?.ended !== undefined, 'the target sees the request broken off');
    }
  }

  #countedRefusals(): number {
    const { gateway } = this;
    const refused = gateway.metric('waygate_client_errors_total');
    return (
      refused +
      gateway.metric('waygate_requests_total', { status: '4xx' }) +
      gateway.metric('waygate_requests_total', { status: '5xx' })
    );
  }
}

/** Starts a gateway with its defaults, or with what the test changes, in front of a target that answers `OK`. */
export async function startFramingScene(
  t: TestContext,
  config: Partial<ConfigInput> = {},
): Promise<FramingScene> {
  const target = await startRecordingTarget(t);
  return new FramingScene(await startGateway(t, routeTo(target, config)), target);
}

function assertProblem(response: ReceivedResponse, { status, to }: Refusal): void {
  const right = typeof status === 'number' ? [status] : status;
  assert.ok(right.includes(response.status), `${response.status} is not ${right.join(' or ')}`);
  assert.ok(response.saysClose, 'the answer says that the connection closes');
  assert.equal(response.header('content-type'), 'application/problem+json');
  if (to === 'HEAD') return;
  const said = problem.parse(JSON.parse(response.text));
  assert.equal(said.status, response.status);
}

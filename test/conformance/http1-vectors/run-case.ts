import { eventually } from '../../kit/eventually.ts';
import { openClient } from '../../kit/raw-client.ts';
import type { RawClient } from '../../kit/raw-client.ts';
import type { RecordedConnection, RecordingTarget } from '../../kit/recording-target.ts';
import type { RecordedRequest } from '../../kit/request-parser.ts';
import type { ReceivedResponse } from '../../kit/response-parser.ts';
import { bytesOfSteps } from './cases.ts';
import type { Vector } from './cases.ts';
import { sentinelPath } from './vector-target.ts';

/** Milliseconds without an answer after which a case counts as unanswered, where silence is one of the right outcomes. */
const quietAfter = 400;
/** The same where it is not: long enough for a busy machine. */
const silentAfter = 3000;
/** Milliseconds that a connection gets to close, or to bring a second answer, once the first is there. */
const lingerFor = 60;

/** A proxy's port and the target behind it, both used by one case at a time. */
export interface Lane {
  readonly port: number;
  readonly target: RecordingTarget;
}

/** What came back for one step. */
export interface StepOutcome {
  /** Final responses, in order. */
  readonly responses: readonly ReceivedResponse[];
  /** Statuses of interim responses that were followed by nothing. */
  readonly interimOnly: readonly number[];
  /** Whether the connection was closed when the step was over. */
  readonly closed: boolean;
  /** What was wrong with what came back, if it was no well-formed response. */
  readonly malformed: string | undefined;
}

/** Everything seen of one case. */
export interface Observation {
  readonly steps: readonly StepOutcome[];
  /** Requests that reached the target: whole, or with a connection that stayed open for the rest. */
  readonly requests: readonly RecordedRequest[];
  /** Requests that were begun at the target and broken off, so that it knows them for incomplete (RFC 9112 §8). */
  readonly brokenOff: readonly RecordedRequest[];
  /** Octets that reached the target. */
  readonly octetsAtTarget: number;
  /** What stood between requests on the target's connections and is none. */
  readonly strayAtTarget: number;
  /** What went wrong with the next client's request; undefined when it was served. */
  readonly nextClient: string | undefined;
}

let sentinels = 0;

/** Sends one case through a lane and watches both ends. */
export async function runCase(lane: Lane, wanted: Vector): Promise<Observation> {
  const { target } = lane;
  const requestsBefore = target.requests.length;
  const octetsBefore = target.receivedLength;
  const strayBefore = countStray(target);
  const client = await openClient(lane.port);
  const steps: StepOutcome[] = [];
  for (const bytes of bytesOfSteps(wanted)) {
    if (client.isClosed) break;
    steps.push(await runStep(client, bytes, wanted));
  }
  client.destroy();
  const sentinel = `${sentinelPath}${sentinels++}`;
  const nextClient = await serveNextClient(lane.port, sentinel);
  const isSentinel = (request: RecordedRequest): boolean => request.target === sentinel;
  const seen = target.requests.slice(requestsBefore);
  const begun = seen.filter((request) => !request.complete);
  await breakOff(target, begun);
  const brokenOff = begun.filter((request) => connectionOf(target, request)?.ended !== undefined);
  const ownOctets = seen.filter(isSentinel).reduce((sum, { start, end }) => sum + (end ?? start) - start, 0);
  return {
    steps,
    requests: seen.filter((request) => !isSentinel(request) && !brokenOff.includes(request)),
    brokenOff,
    octetsAtTarget: target.receivedLength - octetsBefore - ownOctets,
    strayAtTarget: countStray(target) - strayBefore,
    nextClient,
  };
}

function patienceFor({ expect }: Vector): number {
  if (expect.class === 'sequence') return silentAfter;
  const mayBeSilent = expect.class === 'wait' || [...expect.pass, ...expect.warn].includes('timeout');
  return mayBeSilent ? quietAfter : silentAfter;
}

/** Whether it matters what the connection does after the first answer. */
function needsLinger({ expect }: Vector): boolean {
  if (expect.class === 'sequence') return true;
  return [...expect.pass, ...expect.warn].some((item) => item.endsWith('+close'));
}

async function runStep(client: RawClient, bytes: Buffer, wanted: Vector): Promise<StepOutcome> {
  const to = /^\s*HEAD /.test(bytes.subarray(0, 20).toString('latin1')) ? 'HEAD' : 'GET';
  await client.send(bytes);
  const responses: ReceivedResponse[] = [];
  let malformed: string | undefined;
  let interimOnly: readonly number[] = [];
  for (;;) {
    const wait = responses.length === 0 ? patienceFor(wanted) : needsLinger(wanted) ? lingerFor : 0;
    const outcome = await client.outcome({ to, within: wait });
    if (outcome.kind === 'response') {
      responses.push(outcome.response);
      continue;
    }
    if (outcome.kind === 'malformed') malformed = outcome.why;
    if (outcome.kind === 'quiet') interimOnly = client.interimSoFar;
    return { responses, interimOnly, closed: client.isClosed, malformed };
  }
}

async function serveNextClient(port: number, path: string): Promise<string | undefined> {
  const client = await openClient(port);
  try {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`);
    const response = await client.response({ within: 3000 });
    return response.status === 200 && response.text === path
      ? undefined
      : `${response.status} ${response.text}`;
  } catch (error) {
    return String(error);
  } finally {
    client.destroy();
  }
}

/** Gives the proxy a moment to end the connections of requests that their client left in the middle. */
async function breakOff(target: RecordingTarget, begun: readonly RecordedRequest[]): Promise<void> {
  const ended = (): boolean => begun.every((request) => connectionOf(target, request)?.ended !== undefined);
  await eventually(ended, 'the requests are broken off', 1000).catch(() => {
    // They count as requests that reached the target.
  });
}

function connectionOf(target: RecordingTarget, request: RecordedRequest): RecordedConnection | undefined {
  return target.connections.find(({ requests }) => requests.includes(request));
}

function countStray(target: RecordingTarget): number {
  return target.connections.reduce((sum, { parser }) => sum + parser.irregularities.length, 0);
}

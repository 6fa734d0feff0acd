import { eventually } from '../../kit/eventually.ts';
import { openClient } from '../../kit/raw-client.ts';
import type { ClientOutcome, RawClient } from '../../kit/raw-client.ts';
import type { RecordingTarget } from '../../kit/recording-target.ts';
import { answer } from '../../kit/replies.ts';
import type { Script } from '../../kit/replies.ts';
import type { RecordedRequest } from '../../kit/request-parser.ts';
import type { ReceivedResponse } from '../../kit/response-parser.ts';
import { expectStream } from './oracle.ts';
import type { ExpectedRequest } from './oracle.ts';
import type { Sample } from './sample.ts';

/** A gateway's port and the target behind it, both used by one sample at a time. */
export interface Lane {
  readonly port: number;
  readonly target: RecordingTarget;
  /** Milliseconds within which everything that has to happen has happened. */
  readonly patience: number;
  /** What the gateway has logged of the requests it forwarded since the last call: path without query, body octets. */
  readonly takeForwarded?: () => Promise<readonly Forwarded[]>;
}

/** What the access log says of a request that was forwarded. */
export interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly bodyLength: number;
}

/** The field in which the target tells how many requests it had seen. */
const sequenceField = 'x-sequence';

/** How the target answers: which request it took the answer for. */
export function sequencedAnswer(): Script {
  let count = 0;
  return (turn) => answer({ headers: [[sequenceField, String(count++)]], body: 'OK' })(turn);
}

/** Sends a sample, and says everything that is not as it has to be. */
export async function checkSample(lane: Lane, sample: Sample): Promise<readonly string[]> {
  const { target } = lane;
  const before = target.requests.length;
  const problems: string[] = [];
  const expectation = expectStream(sample.bytes);
  const client = await openClient(lane.port);
  void client.send(sample.bytes);
  if (sample.finishAtOnce) client.halfClose();
  const walk = new Walk(client, lane.patience, problems);
  for (const expected of expectation.requests) {
    if (!(await walk.step(expected))) break;
  }
  await walk.finish(expectation.unfinished);
  await serveNextClient(lane, problems);
  const seen = target.requests.slice(before, -1);
  await compare(lane, seen, walk.accepted, problems);
  await compareLog(lane, seen, problems);
  for (const connection of target.connections) {
    if (connection.parser.irregularities.length > 0)
      problems.push('stray bytes between requests at the target');
  }
  return problems;
}

/** A request that was answered by the target, as far as the client can tell. */
interface Accepted {
  readonly expected: ExpectedRequest;
  readonly sequence: number;
}

/** Reads the answers along what is expected. */
class Walk {
  readonly accepted: Accepted[] = [];
  readonly #client: RawClient;
  readonly #patience: number;
  readonly #problems: string[];
  #over = false;

  constructor(client: RawClient, patience: number, problems: string[]) {
    this.#client = client;
    this.#patience = patience;
    this.#problems = problems;
  }

  /** Reads one answer; false when nothing behind this request is to be answered. */
  async step(expected: ExpectedRequest): Promise<boolean> {
    if (expected.waits) this.#client.halfClose();
    const outcome = await this.#client.outcome({ to: expected.method, within: this.#patience });
    const words = `${expected.method} ${expected.target ?? '(no target)'} (${expected.fate} ${expected.why})`;
    if (outcome.kind !== 'response') return this.#noResponse(outcome, expected, words);
    const { response } = outcome;
    const sequence = response.header(sequenceField);
    if (sequence !== undefined) {
      this.accepted.push({ expected, sequence: Number(sequence) });
      if (expected.fate === 'refuse' || expected.fate === 'decline')
        this.#problems.push(`${words}: accepted`);
    } else if (expected.fate === 'forward') {
      this.#problems.push(`${words}: answered ${response.status} by the gateway`);
    }
    if (sequence === undefined && response.status < 400 && !expected.ownAnswer)
      this.#problems.push(`${words}: ${response.status} from nowhere`);
    this.#over = this.#isOver(expected, response, sequence !== undefined);
    return !this.#over;
  }

  /** Reads on until the connection ends, which has to be soon. */
  async finish(unfinished: boolean): Promise<void> {
    const client = this.#client;
    if (!this.#over) client.halfClose();
    // The rest of a request that never ends may get an answer, but not from the target.
    const outcome = await client.outcome({ within: this.#patience });
    if (outcome.kind === 'response') {
      const fromTarget = outcome.response.header(sequenceField) !== undefined;
      if (fromTarget || this.#over || !unfinished) {
        this.#problems.push(
          `one answer too many: ${outcome.response.status}${fromTarget ? ' from the target' : ''}`,
        );
      }
    } else if (outcome.kind === 'malformed') {
      this.#problems.push(`malformed answer: ${outcome.why}`);
    }
    await client.ending(this.#patience).catch(() => this.#problems.push('the connection stays open'));
    client.destroy();
  }

  #noResponse(outcome: ClientOutcome, expected: ExpectedRequest, words: string): boolean {
    this.#over = true;
    if (outcome.kind === 'malformed') this.#problems.push(`${words}: malformed answer: ${outcome.why}`);
    if (outcome.kind === 'quiet') this.#problems.push(`${words}: no answer`);
    if (outcome.kind === 'closed' && expected.fate === 'forward')
      this.#problems.push(`${words}: closed without answer`);
    return false;
  }

  #isOver(expected: ExpectedRequest, response: ReceivedResponse, accepted: boolean): boolean {
    if (expected.closes || expected.fate === 'refuse') return true;
    return !accepted && response.saysClose;
  }
}

/** What arrived must be exactly what was accepted: number, order, boundaries, paths. */
async function compare(
  lane: Lane,
  seen: readonly RecordedRequest[],
  accepted: readonly Accepted[],
  problems: string[],
): Promise<void> {
  const whole = seen.filter((request) => request.complete);
  for (const request of seen) {
    for (const what of request.irregularities) problems.push(`at the target: ${what}`);
    if (!request.complete) await expectBrokenOff(lane, request, problems);
  }
  if (whole.length !== accepted.length)
    problems.push(`${whole.length} requests arrived, ${accepted.length} were accepted`);
  for (const [i, { expected }] of accepted.entries()) {
    const request = whole[i];
    if (request === undefined) continue;
    if (request.method !== expected.method) problems.push(`${expected.method} arrived as ${request.method}`);
    if (expected.target !== undefined && request.target !== expected.target) {
      problems.push(`${expected.target} arrived as ${request.target}`);
    }
    if (!request.body.equals(expected.body)) {
      problems.push(
        `a body of ${expected.body.length} octets arrived with ${request.bodyLength}, or changed`,
      );
    }
  }
  const order = accepted.map(({ sequence }) => sequence);
  if (order.some((sequence, i) => i > 0 && sequence <= (order[i - 1] ?? -1)))
    problems.push('answers out of order');
}

async function expectBrokenOff(
  { target, patience }: Lane,
  request: RecordedRequest,
  problems: string[],
): Promise<void> {
  const connection = target.connections.find(({ requests }) => requests.includes(request));
  await eventually(() => connection?.ended !== undefined, '', patience).catch(() => {
    problems.push(`${request.method} ${request.target} hangs unfinished at the target`);
  });
}

/** The access log must tell the same story. */
async function compareLog(lane: Lane, seen: readonly RecordedRequest[], problems: string[]): Promise<void> {
  const logged = await lane.takeForwarded?.();
  if (logged === undefined) return;
  const whole = seen.filter((request) => request.complete);
  const told = logged.map(({ method, path, bodyLength }) => `${method} ${path} ${bodyLength}`);
  const arrived = whole.map(
    ({ method, target, bodyLength }) => `${method} ${target.replace(/\?.*/, '')} ${bodyLength}`,
  );
  if (told.join('\n') !== arrived.join('\n'))
    problems.push(`logged ${told.join(', ')}; arrived ${arrived.join(', ')}`);
}

async function serveNextClient({ port, patience }: Lane, problems: string[]): Promise<void> {
  const client = await openClient(port);
  try {
    await client.send('GET /next-client HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n');
    const response = await client.response({ within: patience });
    if (response.status !== 200 || response.text !== 'OK')
      problems.push(`the next client got ${response.status}`);
  } catch (error) {
    problems.push(`the next client got nothing: ${String(error)}`);
  } finally {
    client.destroy();
  }
}

import type { Config } from '../config/schema.ts';
import type { RunningExchange } from '../gateway/exchange-context.ts';
import { createGatewayWith } from '../gateway/gateway.ts';
import type { RunningGateway } from '../gateway/running-gateway.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { fakeTarget, type FakeTarget } from '../testing/fake-target.ts';
import { fakeRedis } from '../testing/redis/fake-redis.ts';
import { passTime } from '../testing/pass-time.ts';
import { TestTargets } from '../testing/test-targets.ts';
import { askInMemory, type Answered } from './ask-in-memory.ts';
import { HeardLog } from './heard-log.ts';
import { observationOf, type Heard } from './observe.ts';
import type { Observation } from './observation.ts';
import type { Answer } from './schema/answer.ts';
import type { ExpectationsDocument } from './schema/document.ts';
import type { RequestToSend } from './schema/request.ts';
import { answerOf, documentsOf, Issuers } from './stand-ins.ts';
import { WatchedFetch } from './watched-fetch.ts';
import { untilAnswered } from './until-answered.ts';
import { wireRequest } from './wire-request.ts';

/** What a gateway is staged with. */
export interface Staging extends Pick<
  ExpectationsDocument,
  'environment' | 'time' | 'issuers' | 'targets' | 'fetches'
> {
  /** The configuration, relative to the working directory. */
  readonly configFile: string;
}

/**
 * A gateway for one test: it has seen nothing before, listens nowhere, and whatever it reaches is in memory. Its clock stands
 * still until the test lets time pass, or somebody is waited for.
 */
export class StagedGateway {
  readonly #gateway: RunningGateway;
  readonly #clock: FakeClock;
  readonly #targets: TestTargets;
  readonly #fetch: WatchedFetch;
  readonly #issuers: Issuers;
  readonly #log: HeardLog;
  readonly #ended: { exchange?: RunningExchange; record?: AccessRecord };

  private constructor(parts: {
    gateway: RunningGateway;
    clock: FakeClock;
    targets: TestTargets;
    fetch: WatchedFetch;
    issuers: Issuers;
    log: HeardLog;
    ended: { exchange?: RunningExchange; record?: AccessRecord };
  }) {
    this.#gateway = parts.gateway;
    this.#clock = parts.clock;
    this.#targets = parts.targets;
    this.#fetch = parts.fetch;
    this.#issuers = parts.issuers;
    this.#log = parts.log;
    this.#ended = parts.ended;
  }

  /** @throws ConfigError when the configuration has mistakes. */
  static async open(staging: Staging): Promise<StagedGateway> {
    const { configFile, environment } = staging;
    const clock = new FakeClock();
    clock.jump(Date.parse(staging.time) - clock.now());
    const issuers = new Issuers(staging.issuers, clock);
    const fetch = new WatchedFetch(documentsOf(staging.fetches, issuers), clock);
    const targets = new TestTargets(targetsOf(staging.targets), clock);
    const redis = fakeRedis({ clock });
    const log = new HeardLog();
    const ended: { exchange?: RunningExchange; record?: AccessRecord } = {};
    const gateway = await createGatewayWith({
      configFile,
      env: environment,
      clock,
      logger: log,
      gauges: { takeDelay: () => 0, memory: () => 0, close: () => undefined },
      accessLog: (record) => void (ended.record = record),
      watch: false,
      listen: false,
      surroundings: {
        targets: targets.network,
        fetch: fetch.fetch,
        redis: ({ keyPrefix, timeout }) => redis.link({ keyPrefix, timeout }),
        witness: (exchange) => void (ended.exchange = exchange),
      },
    });
    return new StagedGateway({ gateway, clock, targets, fetch, issuers, log, ended });
  }

  get config(): Config {
    return this.#gateway.config;
  }

  /**
   * Sends a request, and waits for the end of its answer. Time passes meanwhile only where somebody is known to be slow.
   * @throws NoAnswerError when none comes, or it breaks off.
   */
  async send(request: RequestToSend): Promise<Observation> {
    const before = this.#heard();
    this.#log.clear();
    delete this.#ended.exchange;
    delete this.#ended.record;
    const token = request.token === undefined ? undefined : this.#issuers.token(request.token);
    const answer: Promise<Answered> = askInMemory(this.#gateway.mounting, wireRequest(request, token));
    const answered = await untilAnswered(answer, {
      clock: this.#clock,
      waiting: () => this.#targets.waiting + this.#fetch.waiting,
      pass: (milliseconds) => this.pass(milliseconds),
    });
    // What the gateway still has to do for it, such as to keep the answer.
    await this.pass(0);
    const heard = this.#heard();
    return observationOf(answered, {
      ...this.#ended,
      sent: heard.sent.filter((each) => !before.sent.some(({ request: other }) => other === each.request)),
      unanswered: heard.unanswered.slice(before.unanswered.length),
      failures: this.#log.lines,
    });
  }

  /** Lets time pass, and all happen that is due; milliseconds. */
  async pass(milliseconds: number): Promise<void> {
    await passTime(this.#clock, milliseconds, {
      underWay: () => this.#gateway.stats.inFlight,
      waiting: () => this.#targets.waiting + this.#fetch.waiting,
    });
  }

  /** URLs that policies wanted to fetch so far, for which the file has no answer. */
  get unanswered(): readonly string[] {
    return this.#fetch.unanswered;
  }

  /** Ends at once. Resolves when nothing is left. */
  close(): Promise<void> {
    return this.#gateway.close();
  }

  #heard(): Pick<Heard, 'sent' | 'unanswered'> {
    const upstreams = Object.keys(this.config.upstreams);
    const sent = upstreams.flatMap((upstream) =>
      this.#targets.of(upstream, this.config).requests.map((request) => ({ upstream, request })),
    );
    return { sent, unanswered: [...this.#fetch.unanswered] };
  }
}

/** Answers in turn, of which the last stays. */
function targetsOf(written: Readonly<Record<string, readonly Answer[]>>): Record<string, FakeTarget> {
  return Object.fromEntries(
    Object.entries(written).map(([upstream, answers]) => {
      const all = answers.map(answerOf);
      const target = fakeTarget(all.at(-1));
      target.answer(...all.slice(0, -1));
      return [upstream, target];
    }),
  );
}

import { type Random, systemRandom } from '../core/random.ts';
import type { Logger } from '../core/logger.ts';
import { objectOption, objectWith, type OptionKind } from '../core/check-options.ts';
import { checkGatewayOptions, gatewayOptionKinds } from '../gateway/check-gateway-options.ts';
import { createGatewayWith } from '../gateway/gateway.ts';
import type { Gateway, GatewayOptions } from '../gateway/gateway-options.ts';
import type { RequestOrigin } from '../gateway/handle-request.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import { FakeClock } from './fake-clock.ts';
import { type FakeDocuments, fakeFetch } from './fake-fetch.ts';
import type { FakeTarget } from './fake-target.ts';
import { passTime } from './pass-time.ts';
import { fakeRedis, type RedisDouble } from './redis/fake-redis.ts';
import type { RecordedRequest } from './recorded-request.ts';
import type { TargetAnswer } from './target-answer.ts';
import { TestTargets } from './test-targets.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** How a gateway in memory is made. One of `config` and `configFile` is given. */
export interface TestGatewayOptions extends Pick<
  GatewayOptions,
  'config' | 'configFile' | 'policies' | 'env'
> {
  /** Where the operational log goes, beside {@link TestGateway.log}. */
  readonly logger?: Logger;
  /** The machine's when left out, but for its numbers, which are all 0: no chance decides, and retries do not wait. */
  readonly random?: Random;
  /** The clock of the gateway and of all that belongs to it; one of its own when left out. */
  readonly clock?: FakeClock;
  /** What stands for the targets of an upstream, by its name; a target that answers with what it got when left out. */
  readonly targets?: Readonly<Record<string, FakeTarget | TargetAnswer>>;
  /** What policies can fetch, by its URL, with or without its query. Anything else is refused. */
  readonly fetch?: FakeDocuments;
  /** Issuers whose metadata and keys policies can fetch. */
  readonly issuers?: readonly TokenIssuer[];
  /** What stands for the Redis of the configuration, for several gateways at once if need be; one of its own when left out. */
  readonly redis?: RedisDouble;
}

/** One line of the operational log. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A gateway in memory. It opens nothing: no listener, no socket, no file but those of its configuration. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly clock: FakeClock;
  /** The access log so far: an exchange is in it once its answer has been read to the end. */
  readonly records: readonly AccessRecord[];
  /** The operational log so far. */
  readonly log: readonly LoggedLine[];
  /** What stands for the Redis of the configuration; nobody uses it where the configuration has none. */
  readonly redis: RedisDouble;
  /** What policies have fetched so far. */
  readonly fetched: readonly RecordedRequest[];
  /**
   * Answers a request, as {@link Gateway.handle} does.
   * @param request a URL is a GET of it.
   */
  handle(request: Request | string, origin?: RequestOrigin): Promise<Response>;
  /** What stands for the targets of an upstream. @throws TypeError when the configuration has no upstream of that name. */
  target(upstream: string): FakeTarget;
  /**
   * Lets time pass, and all happen that is due meanwhile, each at its time. What is under way comes first to where it waits for
   * time, or for somebody else. Time-outs may be 100 ms late, as they are in production.
   */
  pass(milliseconds: number): Promise<void>;
  /** Ends at once. Resolves when nothing is left. */
  close(): Promise<void>;
}

/**
 * Starts a gateway in memory: requests come by `handle`, and targets, documents and time are the test's.
 * `listen`, `admin`, `workers` and `redis` of its configuration open nothing.
 * @throws ConfigError when the configuration has mistakes.
 * @throws TypeError when its options make no sense, `targets` names an upstream that there is not, or `redis` is given where the configuration has none.
 */
export async function createTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  checkGatewayOptions('createTestGateway', options, optionKinds);
  const { config, configFile, policies, env, random = evenRandom, logger } = options;
  const clock = options.clock ?? options.redis?.clock ?? new FakeClock();
  const redis = options.redis ?? fakeRedis({ clock });
  const records: AccessRecord[] = [];
  const log: LoggedLine[] = [];
  const targets = new TestTargets(options.targets ?? {}, clock);
  const issued = (options.issuers ?? []).map(({ documents }) => documents);
  const fetching = fakeFetch([options.fetch ?? {}, ...issued], clock);
  const gateway = await createGatewayWith({
    ...given({ config, configFile, policies, env }),
    random,
    clock,
    gauges: { takeDelay: () => 0, memory: () => 0, close: () => undefined },
    listen: false,
    watch: false,
    logger: collect(log, logger),
    accessLog: (record) => void records.push(record),
    surroundings: {
      targets: targets.network,
      fetch: fetching.fetch,
      redis: ({ keyPrefix, timeout }) => redis.link({ keyPrefix, timeout }),
    },
  });
  const close = (): Promise<void> => gateway.close();
  try {
    targets.check(gateway.config);
    if (options.redis !== undefined && gateway.config.redis === undefined)
      throw new TypeError('the configuration has no `redis`, so nothing would use the one of this test');
  } catch (error) {
    await close();
    throw error;
  }
  const waiting = (): number => targets.waiting + fetching.waiting;
  return {
    gateway,
    clock,
    records,
    log,
    redis,
    fetched: fetching.requests,
    handle: (request, origin) =>
      gateway.handle(typeof request === 'string' ? new Request(request) : request, origin),
    target: (upstream) => targets.of(upstream, gateway.config),
    pass: (milliseconds) =>
      passTime(clock, milliseconds, { underWay: () => gateway.stats.inFlight, waiting }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const optionKinds = {
  config: gatewayOptionKinds.config,
  configFile: gatewayOptionKinds.configFile,
  policies: gatewayOptionKinds.policies,
  env: gatewayOptionKinds.env,
  logger: gatewayOptionKinds.logger,
  random: gatewayOptionKinds.random,
  clock: {
    expected: 'a FakeClock; a real one does not stand still',
    is: (value) => value instanceof FakeClock,
  },
  // A mistake in one of them is found where it is used, with the name of the upstream or the URL.
  targets: objectOption,
  fetch: objectOption,
  issuers: {
    expected: 'a list of what tokenIssuer returns',
    is: (value) => Array.isArray(value) && value.every(objectWith('token').is),
  },
  redis: { ...objectWith('link'), expected: 'what fakeRedis returns' },
} as const satisfies Record<keyof TestGatewayOptions, OptionKind>;

const evenRandom: Random = { ...systemRandom, number: () => 0 };

/** Without what is left out. */
function given<Options extends object>(
  options: Options,
): { [Key in keyof Options]: Exclude<Options[Key], undefined> };
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function collect(lines: LoggedLine[], further: Logger | undefined): Logger {
  const at =
    (level: LoggedLine['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push({ level, message, fields });
      further?.[level](fields, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

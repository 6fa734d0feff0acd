import { createHash } from 'node:crypto';
import type { Finding } from '../config/finding.ts';
import { paramNames as namesCapturedBy } from '../config/schema/path-match.ts';
import type { Config, PolicyUse } from '../config/schema.ts';
import { type Clock, startTimer } from '../core/clock.ts';
import type { Fetch } from '../core/fetch.ts';
import type { Limits } from '../core/limits.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition, PolicyMetrics, Setup } from '../core/policy.ts';
import { PolicyOptionError } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import type { RedisLink } from '../core/redis.ts';
import type { Lease } from '../core/shared.ts';
import type { Slots } from '../core/slots.ts';
import type { ServerSettings } from '../http1/server-settings.ts';
import type { RouteMetrics } from '../observe/gateway-metrics.ts';
import type { Router } from '../router/router.ts';
import { compileRouter } from '../router/router.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { SnapshotAnswers } from './answers.ts';
import { builtInPolicies } from './built-in-policies.ts';
import { Forwarding } from './client-address.ts';
import type { CompiledRoute, NamedPolicy } from './compiled-route.ts';
import { compileMiss, compileRoute } from './compiled-route.ts';
import { Identity } from './identity.ts';
import { checkInstance } from './policy-instance.ts';
import { kindOfThrown, loggableError } from './policy-failure.ts';
import type { PolicyFailures } from './policy-failures.ts';
import { routeIdOf } from './route-id.ts';
import type { SharedValues } from './shared-values.ts';

/** What a snapshot is compiled with. */
export interface SnapshotEnvironment {
  readonly policies: readonly PolicyDefinition[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fetch: Fetch;
  /** Lives as long as the gateway. */
  readonly shared: SharedValues;
  readonly limits: Limits;
  readonly slots: Slots;
  /** Given back when the snapshot is gone. */
  readonly answers: SnapshotAnswers;
  /** Undefined without `redis:`. Given back when the snapshot is gone. */
  readonly redis: Lease<RedisLink> | undefined;
  readonly upstream: (name: string) => Upstream | undefined;
  readonly routeMetrics: (name: string) => RouteMetrics;
  readonly policyMetrics: (policy: string, route: string) => PolicyMetrics;
  /** Told of policies that fail to close. */
  readonly failures: PolicyFailures;
}

/** The digest that a configuration is known by: the same for whoever makes it of the same files. */
export function configVersion(config: Config): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12);
}

/** Policies found mistakes in their options that the schema cannot see. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(({ found, remedy }) => `${found}: ${remedy}`).join('; '));
    this.findings = findings;
  }
}

/** One configuration, compiled; nothing in it changes but the count of exchanges that still use it. */
export class Snapshot {
  readonly config: Config;
  readonly version: string;
  readonly loadedAt: number;
  readonly router: Router;
  readonly routes: readonly CompiledRoute[];
  readonly miss: CompiledRoute;
  readonly forwarding: Forwarding;
  readonly identity: Identity;
  readonly serverSettings: ServerSettings;
  readonly answers: SnapshotAnswers;
  readonly #policies: readonly MadePolicy[];
  readonly #clock: Clock;
  readonly #failures: PolicyFailures;
  readonly #redis: SnapshotEnvironment['redis'];
  #users = 0;
  #retired = false;

  /**
   * @param version as {@link configVersion} has it, where the configuration is a part of another.
   * @throws SnapshotError with every mistake that policies find in their options.
   */
  constructor(config: Config, environment: SnapshotEnvironment, version: string = configVersion(config)) {
    this.config = config;
    this.version = version;
    this.loadedAt = environment.clock.now();
    this.#clock = environment.clock;
    this.#failures = environment.failures;
    this.#redis = environment.redis;
    this.answers = environment.answers;
    const identity = new Identity(config.identity);
    this.identity = identity;
    const maker = new PolicyMaker(environment, config.routes);
    const missPolicies = maker.make(config.policies, '', []);
    this.routes = config.routes.map((route) => {
      const names = namesCapturedBy(route.path);
      return compileRoute(route, config, {
        policies: maker.make([...config.policies, ...route.policies], route.name, names),
        upstream: route.upstream === undefined ? undefined : environment.upstream(route.upstream),
        metrics: environment.routeMetrics(route.name),
        paramNames: names,
        identity,
      });
    });
    this.miss = compileMiss(config, missPolicies, environment.routeMetrics(''));
    this.#policies = maker.made;
    if (maker.findings.length > 0) {
      void this.#closePolicies();
      throw new SnapshotError(maker.findings);
    }
    this.router = compileRouter(config.routes);
    this.forwarding = new Forwarding(config);
    this.serverSettings = serverSettings(config);
  }

  /** An exchange begins to use it. */
  use(): void {
    this.#users++;
  }

  /** An exchange is done with it. */
  leave(): void {
    this.#users--;
    if (this.#retired && this.#users === 0) void this.#closePolicies();
  }

  /** Another snapshot has taken its place: its policies end with the last exchange that uses them. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#users === 0) void this.#closePolicies();
  }

  async #closePolicies(): Promise<void> {
    await Promise.all(this.#policies.map(async (policy) => this.#close(policy)));
    // Policies may have something left to settle with it.
    this.answers.release();
    this.#redis?.release();
  }

  /** One that never ends keeps nobody else from it, and what they share from being given back, for longer than it may. */
  async #close({ name, instance, routeName }: MadePolicy): Promise<void> {
    const late = Promise.withResolvers<'late'>();
    const patience = this.config.timeouts.policy;
    let waits = false;
    let timer;
    try {
      const closed = instance.close?.();
      if (closed === undefined) return;
      waits = true;
      timer = startTimer(this.#clock, patience, () => late.resolve('late'), { keepsProcess: false });
      if ((await Promise.race([closed, late.promise])) !== 'late') return;
      const error = new Error(`it had not closed after ${patience} ms`);
      this.#failures.note({ policy: name, kind: 'timed_out', phase: 'close', error }, routeName);
    } catch (error) {
      const kind = kindOfThrown(error, waits ? 'rejected' : 'threw');
      this.#failures.note({ policy: name, kind, phase: 'close', error }, routeName);
    } finally {
      timer?.cancel();
    }
  }
}

/** An instance, and the route that it was made for. */
interface MadePolicy extends NamedPolicy {
  readonly routeName: string;
}

const ours: ReadonlySet<PolicyDefinition> = new Set(builtInPolicies);

/** Makes instances and gathers what their options have wrong. */
class PolicyMaker {
  readonly made: MadePolicy[] = [];
  readonly findings: Finding[] = [];
  readonly #environment: SnapshotEnvironment;
  /** By their names. */
  readonly #routeIds: ReadonlyMap<string, string>;
  readonly #definitions: ReadonlyMap<string, PolicyDefinition>;
  /** Mistakes in a global policy are found once for each route. */
  readonly #seen = new Set<string>();

  constructor(environment: SnapshotEnvironment, routes: Config['routes']) {
    this.#environment = environment;
    this.#routeIds = new Map(routes.map((route) => [route.name, routeIdOf(route)]));
    this.#definitions = new Map(environment.policies.map((definition) => [definition.name, definition]));
  }

  make(uses: readonly PolicyUse[], routeName: string, paramNames: readonly string[]): NamedPolicy[] {
    const made: MadePolicy[] = [];
    for (const use of uses) {
      const definition = this.#definitions.get(use.name);
      if (definition === undefined) continue;
      const policy = this.#one(definition, use, routeName, paramNames);
      if (policy !== undefined) made.push(policy);
    }
    this.made.push(...made);
    return made;
  }

  #one(
    definition: PolicyDefinition,
    use: PolicyUse,
    routeName: string,
    paramNames: readonly string[],
  ): MadePolicy | undefined {
    try {
      const setup = this.#setupOf(definition.name, routeName, paramNames, use.path[0] === 'policies');
      const instance = checkInstance(definition.create(use.options, setup));
      return { name: definition.name, instance, isOurs: ours.has(definition), routeName };
    } catch (error) {
      const finding = findingOf(error, use);
      const key = JSON.stringify(finding);
      if (!this.#seen.has(key)) this.findings.push(finding);
      this.#seen.add(key);
      return undefined;
    }
  }

  #setupOf(policy: string, routeName: string, paramNames: readonly string[], onEveryRoute: boolean): Setup {
    const { clock, random, logger, fetch, shared, limits, slots, answers, redis, policyMetrics } =
      this.#environment;
    return {
      clock,
      random,
      logger,
      metrics: policyMetrics(policy, routeName),
      fetch,
      share: shared.of(policy),
      limits,
      slots,
      get answers() {
        return answers.store;
      },
      redis: redis?.value,
      routeName,
      routeId: this.#routeIds.get(routeName) ?? '',
      onEveryRoute,
      paramNames,
      of: (other) => this.#setupOf(other, routeName, paramNames, onEveryRoute),
    };
  }
}

function findingOf(thrown: unknown, use: PolicyUse): Finding {
  const error = loggableError(thrown);
  if (error instanceof PolicyOptionError) {
    return { path: [...use.path, ...error.path], found: error.message, remedy: error.remedy };
  }
  return {
    path: [...use.path],
    found: `the policy ${use.name} could not be made: ${error.message}`,
    remedy: 'mend its options, or the policy',
  };
}

function serverSettings({ timeouts, limits }: Config): ServerSettings {
  return {
    headersTimeout: timeouts.requestHeaders,
    keepAliveTimeout: timeouts.keepAlive,
    writeTimeout: timeouts.responseWrite,
    bodyMinRate: limits.bodyMinRate,
    requestsPerConnection: limits.requestsPerConnection === 0 ? Infinity : limits.requestsPerConnection,
    headerBytes: limits.headerBytes,
    headerCount: limits.headerCount,
    targetBytes: limits.targetBytes,
  };
}

import { systemClock } from '../../core/clock.ts';
import type { Fetch } from '../../core/fetch.ts';
import type { Limits, LocalLimiter, SyncedLimiter } from '../../core/limits.ts';
import { noAnswers } from '../../core/no-answers.ts';
import type { Logger } from '../../core/logger.ts';
import {
  PolicyOptionError,
  type PolicyDefinition,
  type PolicyMetrics,
  type Setup,
} from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import { unconnectedRedis, type RedisLink } from '../../core/redis.ts';
import type { Share } from '../../core/shared.ts';
import type { Slots } from '../../core/slots.ts';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { valueAt } from '../plain-value.ts';
import type { DocumentSchema } from '../schema/document.ts';
import type { ParsedPolicyUse } from '../../core/policy-list.ts';
import { paramNames } from '../schema/path-match.ts';

type Path = readonly (string | number)[];

/** A policy in a list, with what its instance would be told. */
interface PlacedPolicy {
  readonly use: ParsedPolicyUse;
  readonly path: Path;
  readonly routeName: string;
  readonly paramNames: readonly string[];
}

/**
 * What policies find wrong with their options when an instance is made. For a document that has other mistakes as well:
 * no snapshot will be made of it, and these would come to light only once the others are mended.
 */
export function policyOptionMistakes(
  schema: DocumentSchema,
  view: DocumentView,
  policies: readonly PolicyDefinition[],
): Finding[] {
  const definitions = new Map(policies.map((policy) => [policy.name, policy]));
  const redis = view.has(['redis']) ? unconnectedRedis : undefined;
  return placedPolicies(schema, view).flatMap((placed) => {
    const definition = definitions.get(placed.use.name);
    const error = definition === undefined ? undefined : failureOf(definition, placed, redis);
    if (!(error instanceof PolicyOptionError)) return [];
    return [{ path: [...placed.path, ...error.path], found: error.message, remedy: error.remedy }];
  });
}

/** What `create` throws. Anything but a PolicyOptionError is a bug, which the snapshot will report. */
function failureOf(
  definition: PolicyDefinition,
  { use, path, routeName, paramNames: names }: PlacedPolicy,
  redis: RedisLink | undefined,
): unknown {
  try {
    const setup: Setup = {
      ...{ clock: systemClock, random: systemRandom, logger, metrics, fetch, share, redis },
      ...{ limits: limitsWith(redis), slots, answers: noAnswers, onEveryRoute: path[0] === 'policies' },
      ...{ routeName, routeId: '', paramNames: names, of: () => setup },
    };
    const closing = definition.create(use.options, setup).close?.();
    closing?.catch(() => {});
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Every policy whose options are right by themselves, whatever else is wrong with its list. */
function placedPolicies(schema: DocumentSchema, view: DocumentView): PlacedPolicy[] {
  const item = schema.shape.policies.unwrap().element;
  const inList = (list: Path, routeName: string, names: readonly string[]): PlacedPolicy[] => {
    const written = valueAt(view.raw, list);
    if (!Array.isArray(written)) return [];
    return written.flatMap((value, index): PlacedPolicy[] => {
      const { data } = item.safeParse(value);
      return data === undefined
        ? []
        : [{ use: data, path: [...list, index, data.name], routeName, paramNames: names }];
    });
  };
  const ofRoutes = view.routes.flatMap(({ name = '', path }, index) =>
    path === undefined ? [] : inList(['routes', index, 'policies'], name, paramNames(path)),
  );
  return [...inList(['policies'], '', []), ...ofRoutes];
}

/** Nothing is fetched for a configuration that will not be used. */
const fetch: Fetch = () => Promise.reject(new Error('nothing is fetched during a check'));

const share: Share = (_key, make) => {
  const value = make();
  return { value, release: () => value.close?.() };
};

const limiter = (): LocalLimiter => ({
  decide() {
    throw new Error('nothing is counted during a check');
  },
});

const synced = (): SyncedLimiter => ({ ...limiter(), inTouch: false, settle: () => Promise.resolve() });

/** Where requests are counted, with Redis and without. */
function limitsWith(redis: RedisLink | undefined): Limits {
  return { limiter, shared: redis === undefined ? undefined : { exact: limiter, synced } };
}

const slots: Slots = {
  pool: () => ({ take: () => undefined, count: () => ({ held: 0, waiting: 0 }) }),
};

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const metrics: PolicyMetrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ add() {} }),
  timer: () => ({ observe() {} }),
};

/**
 * `waygate/policy`: what a policy is written with. `docs/policies.md` describes the contract, which the built-in policies keep as well;
 * beyond what is here they use only what one of them, or one kind of them, is about.
 */

// The contract.
export { definePolicy, PolicyOptionError } from './core/policy.ts';
export type {
  ExplainedStep,
  PolicyCounter,
  PolicyDefinition,
  PolicyGauge,
  PolicyInstance,
  PolicyMetrics,
  PolicyTimer,
  RequestVerdict,
  Setup,
} from './core/policy.ts';
export type {
  Client,
  Consumer,
  Exchange,
  Outcome,
  Reply,
  RequestHead,
  ResponseHead,
} from './core/exchange.ts';
export { HeaderList } from './http/header-list.ts';
export { startTimer, type Clock, type Timer, type TimerOptions } from './core/clock.ts';
export type { Random } from './core/random.ts';
export type { Fetch, FetchedAnswer, FetchLimits, FetchRequest } from './core/fetch.ts';
export type { Lease, Share, Shareable } from './core/shared.ts';
export type { Logger } from './core/logger.ts';
export { redisScript, StoreError } from './core/redis.ts';
export type {
  RedisArgument,
  RedisCallOptions,
  RedisLink,
  RedisReply,
  RedisScript,
  RedisSubscriber,
  StoreErrorKind,
} from './core/redis.ts';
export type {
  LimitAlgorithm,
  LimitDecision,
  LimitEffect,
  Limiter,
  LimitRule,
  Limits,
  LimitState,
  LimitStore,
  LocalLimiter,
  SharedLimits,
  SyncedLimiter,
} from './core/limits.ts';
export { MAX_LIMIT, MAX_RULES, MAX_WINDOW } from './core/limits.ts';
export { CountedBy, type Counted, type CountedByOptions } from './core/counted-by.ts';
export { byOption, missingOption } from './core/counting-options.ts';
export type { Slot, SlotPool, Slots } from './core/slots.ts';

// Options: the gateway's own zod, so that one version reads them all.
export { z } from 'zod';
export { duration, size, type DurationInput, type SizeInput, type UnitBounds } from './core/units.ts';
export { withRemedy } from './core/remedy.ts';
export { checkFieldName, compileOption, fieldName } from './core/option-schemas.ts';

// Values with variables in them.
export { compileTemplate, TemplateError, type Template, type VariablePart } from './core/template.ts';
export type { TemplateVariable, VariableReader } from './core/template-variables.ts';
export { compileHeaderTemplate, type HeaderTemplate } from './core/header-template.ts';
export { compilePathTemplate, compileUrlTemplate, type UrlTemplate } from './core/url-template.ts';

// Errors and answers.
export { GatewayError, type ErrorCode, type ErrorSide } from './core/errors.ts';
export { problemReply, type Problem } from './core/problem.ts';
export { messageOf } from './core/message-of.ts';
export { RareLine } from './core/rare-line.ts';

// Services that are asked.
export { BoundedCalls, type CallBounds, inFlightOption } from './core/bounded-calls.ts';
export { type MemoryBounds, Remembered } from './core/remembered.ts';
export { serviceUrl } from './core/service-url.ts';

// What may stand in a header, and who is behind an address.
export { isFieldName, isFieldValue, isToken, parseTokenList } from './http/field.ts';
export { IpSet, ipNetworkOf, normalizeIp } from './http/ip.ts';

// Bodies.
export { isBodyFeed, type BodyFeed, type FeedControl, type ReplyBody } from './core/reply-body.ts';
export type { BodySink, BodySource, BodyStage, StageSink } from './core/body.ts';
export { nodeStreamStage, webStreamStage } from './core/body-streams.ts';

import type { Scenario } from '../scenario.ts';
import { cacheHits, cacheMisses } from './cached-answers.ts';
import { chunkedAnswers } from './chunked-answers.ts';
import { coldStart, coldStartThousandRoutes } from './cold-start.ts';
import { dropIn } from './drop-in.ts';
import { fixedRate } from './fixed-rate.ts';
import { idleConnections } from './idle-connections.ts';
import { answersOf10Mb, answersOf64Kib } from './large-answers.ts';
import { manyConnections } from './many-connections.ts';
import { tenRoutes, tenThousandRoutes } from './many-routes.ts';
import { newConnections } from './new-connections.ts';
import { observed } from './observed.ts';
import { policiesOfToday } from './policies-of-today.ts';
import { post } from './post.ts';
import { rateLimits } from './rate-limits.ts';
import { rememberedToken } from './remembered-token.ts';
import { smallJson } from './small-json.ts';
import { threadsOnOneCore, threadsOnTwoCores } from './threads.ts';

/** Every scenario, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  smallJson,
  manyConnections,
  post,
  answersOf64Kib,
  answersOf10Mb,
  chunkedAnswers,
  tenRoutes,
  tenThousandRoutes,
  observed,
  newConnections,
  fixedRate,
  idleConnections,
  coldStart,
  coldStartThousandRoutes,
  threadsOnOneCore,
  threadsOnTwoCores,
  policiesOfToday,
  rememberedToken,
  rateLimits,
  cacheHits,
  cacheMisses,
  dropIn,
];

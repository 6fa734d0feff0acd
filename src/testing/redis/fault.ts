import type { StoreErrorKind } from '../../core/redis.ts';

/** What is wrong with a Redis double. */
export type Fault =
  | { readonly type: 'fails'; readonly kind: Exclude<StoreErrorKind, 'timeout'> }
  | { readonly type: 'slow'; readonly milliseconds: number };

import type { Consumer } from '../../core/exchange.ts';

/** What is known of a key: whose it is; undefined when nobody has it; or that this cannot be said now. */
export type FoundKey = { readonly consumer: Consumer; readonly expired: boolean } | undefined | 'unavailable';

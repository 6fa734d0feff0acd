import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import type { Json } from './body.ts';

/** The claims of a token, with times as seconds since the epoch, or as milliseconds from now under `fromNow`. */
export interface Claims {
  readonly claims: Readonly<Record<string, Json>>;
  /** Claims that are times, in milliseconds from the moment at which the token is issued. */
  readonly fromNow: ReadonlyMap<string, number>;
}

/** The claims that are times (RFC 7519 §4.1). */
const times: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat']);

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The claims of a token; `exp`, `nbf` and `iat` may be written from now on: `1h`, `-5m`. */
export const claims = z.record(z.string(), z.json()).transform((written, context): Claims => {
  const fromNow = new Map<string, number>();
  const rest = Object.entries(written).filter(([name, value]) => {
    if (!times.has(name) || typeof value !== 'string') return true;
    const moment = millisecondsIn(value);
    if (moment !== undefined) fromNow.set(name, moment);
    else context.issues.push({ code: 'custom', message: notATime(value), input: value, path: [name] });
    return false;
  });
  return { claims: Object.fromEntries(rest), fromNow };
});

function notATime(value: string): string {
  return withRemedy(
    `${foundIn(value)} is no time of a token`,
    'write how far it is from now, such as 1h or -5m, or the seconds since 1970 as a number',
  );
}

function millisecondsIn(text: string): number | undefined {
  const [, sign, amount, unit] = /^([+-]?)(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const factor = units[unit === 's' || unit === 'm' || unit === 'h' ? unit : 'd'];
  return Number(amount) * factor * (sign === '-' ? -1 : 1);
}

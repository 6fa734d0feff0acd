import { RedisReplyError } from './keyspace.ts';

/** A whole number as Redis reads it. @throws RedisReplyError when it is none. */
export function integer(text: string | undefined): number {
  const number = /^-?\d+$/.test(text ?? '') ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) throw new RedisReplyError('ERR value is not an integer or out of range');
  return number;
}

/** A score as Redis reads it. @throws RedisReplyError when it is none. */
export function score(text: string | undefined): number {
  if (/^[-+]?inf$/i.test(text ?? '')) return text?.startsWith('-') === true ? -Infinity : Infinity;
  const number = text === undefined || text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(number)) throw new RedisReplyError('ERR value is not a valid float');
  return number;
}

/** A score as Redis writes it. */
export function scoreText(number: number): string {
  if (Number.isFinite(number)) return String(number);
  return number > 0 ? 'inf' : '-inf';
}

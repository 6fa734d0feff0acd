/** Header lines of one name each, in lower case. */
export type Lines = Readonly<Record<string, string>>;

/** What a client asks for: the target gets to know it by a header, and says it in its answer. */
export interface Asked {
  readonly user: number;
  readonly route: string;
  /** Which resource it means, however its path is spelled. */
  readonly resource: string;
  readonly method: string;
  /** Whether it has the key of its user. */
  readonly keyed: boolean;
  /** Everything that an answer may depend on. */
  readonly lines: Lines;
}

/** An answer of the target, as it tells it itself. */
export interface Told {
  readonly asked: Asked;
  /** Whether the target saw an `Authorization`. */
  readonly authorized: boolean;
  /** Who the gateway said was asking. */
  readonly consumer: string | undefined;
  readonly status: number;
  readonly cacheControl: readonly string[];
  readonly cdnCacheControl: readonly string[];
  readonly vary: readonly string[];
  readonly expires: boolean;
  readonly setCookie: boolean;
  /** Octets of its body. */
  readonly length: number;
}

/** The header that says what was asked. */
export const ASKED = 'x-asked';
/** The headers that tell of the answer whose head this is, and of the one whose body this is. */
export const HEAD_TOLD = 'x-head-told';
export const BODY_TOLD = 'x-body-told';

/** Something as the value of a header. */
export function pack(value: Asked | Told): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** The reverse; what our own programs have packed is what it says. */
export function unpackAsked(text: string): Asked {
  return JSON.parse(Buffer.from(text, 'base64').toString()) as Asked;
}

/** The same for an answer. */
export function unpackTold(text: string): Told {
  return JSON.parse(Buffer.from(text, 'base64').toString()) as Told;
}

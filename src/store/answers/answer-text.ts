import type { AnswerPlace, StoredAnswer, StoredHead } from '../../core/answer-store.ts';

/** An answer without its body, and what stands beside it where it is kept. */
export interface AnswerText {
  readonly key: string;
  readonly head: StoredHead;
  readonly place: AnswerPlace;
  /** Milliseconds since the epoch. */
  readonly requestTime: number;
  /** Milliseconds since the epoch, from which on it is of no use. */
  readonly until: number;
}

/** An answer without its body as JSON, in which nothing is lost. */
export function writeAnswer(
  key: string,
  { head, place, requestTime }: Omit<StoredAnswer, 'body'>,
  until: number,
): string {
  // JSON knows no Infinity.
  const spans = {
    initialAge: spanText(head.initialAge),
    lifetime: spanText(head.lifetime),
    staleWhileRevalidate: spanText(head.staleWhileRevalidate),
    staleIfError: spanText(head.staleIfError),
  };
  return JSON.stringify({ key, head: { ...head, ...spans }, place, requestTime, until });
}

/** Reads what {@link writeAnswer} has written. @returns undefined when it is anything else. */
export function readAnswer(text: string): AnswerText | undefined {
  try {
    const written = new Fields(JSON.parse(text));
    return {
      key: written.text('key'),
      head: readHead(written.fields('head')),
      place: readPlace(written.fields('place')),
      requestTime: written.number('requestTime'),
      until: written.number('until'),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function readHead(written: Fields): StoredHead {
  return {
    status: written.number('status'),
    lines: written.pairs('lines'),
    responseTime: written.number('responseTime'),
    initialAge: written.span('initialAge'),
    lifetime: written.span('lifetime'),
    alwaysValidate: written.flag('alwaysValidate'),
    neverStale: written.flag('neverStale'),
    staleWhileRevalidate: written.span('staleWhileRevalidate'),
    staleIfError: written.span('staleIfError'),
    forCredentials: written.flag('forCredentials'),
    etag: written.has('etag') ? written.text('etag') : undefined,
    lastModified: written.has('lastModified') ? written.text('lastModified') : undefined,
    vary: written.pairs('vary'),
    tags: written.list('tags').map(asText),
    part: written.has('part') ? readPart(written.fields('part')) : undefined,
  };
}

function readPart(written: Fields): StoredHead['part'] {
  return {
    first: written.number('first'),
    last: written.number('last'),
    length: written.number('length'),
  };
}

function readPlace(written: Fields): AnswerPlace {
  return {
    route: written.text('route'),
    host: written.text('host'),
    path: written.text('path'),
    query: written.text('query'),
  };
}

/** The members of an object, each of the type that is asked for. @throws TypeError (from every method) when it is another. */
class Fields {
  readonly #members: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw new TypeError('no object');
    this.#members = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  fields(name: string): Fields {
    return new Fields(this.#members.get(name));
  }

  text(name: string): string {
    return asText(this.#members.get(name));
  }

  number(name: string): number {
    const value = this.#members.get(name);
    if (typeof value !== 'number') throw new TypeError(`${name} is no number`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#members.get(name);
    if (typeof value !== 'boolean') throw new TypeError(`${name} is no boolean`);
    return value;
  }

  span(name: string): number {
    return this.#members.get(name) === infinite ? Infinity : this.number(name);
  }

  list(name: string): readonly unknown[] {
    const value = this.#members.get(name);
    if (!Array.isArray(value)) throw new TypeError(`${name} is no list`);
    return value;
  }

  pairs(name: string): readonly (readonly [string, string])[] {
    return this.list(name).map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError(`${name} has what is no pair`);
      return [asText(pair[0]), asText(pair[1])] as const;
    });
  }
}

const infinite = 'infinite';

function spanText(value: number): number | string {
  return value === Infinity ? infinite : value;
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('no text');
  return value;
}

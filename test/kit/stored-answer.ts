import type { AnswerPlace, StoredAnswer, StoredHead } from '../../src/core/answer-store.ts';

/** What of an answer a test is about. */
export interface AnswerParts {
  readonly body?: string | Uint8Array;
  readonly requestTime?: number;
  readonly vary?: StoredHead['vary'];
  readonly tags?: readonly string[];
  readonly part?: StoredHead['part'];
  readonly head?: Partial<StoredHead>;
  readonly place?: Partial<AnswerPlace>;
}

/** An answer as the policy stores it: fresh for a minute, `GET http://shop.test/a` on the route `shop`, unless told otherwise. */
export function storedAnswer(parts: AnswerParts = {}): StoredAnswer {
  const { body = 'body', requestTime = 0, vary = [], tags = [], part, head, place } = parts;
  return {
    body: typeof body === 'string' ? Uint8Array.from(Buffer.from(body)) : body,
    requestTime,
    place: { route: 'shop', host: 'shop.test', path: '/a', query: '', ...place },
    head: {
      status: 200,
      lines: [
        ['content-type', 'text/plain'],
        ['x-odd', 'caf\xe9'],
      ],
      responseTime: requestTime + 5,
      initialAge: 0,
      lifetime: 60,
      alwaysValidate: false,
      neverStale: false,
      staleWhileRevalidate: 0,
      staleIfError: 0,
      forCredentials: false,
      etag: undefined,
      lastModified: undefined,
      vary,
      tags,
      part,
      ...head,
    },
  };
}

/** The bodies, as texts. */
export function bodiesOf(answers: readonly StoredAnswer[]): string[] {
  return answers.map(({ body }) => Buffer.from(body).toString());
}

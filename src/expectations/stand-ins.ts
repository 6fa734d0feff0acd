import type { Clock } from '../core/clock.ts';
import type { FakeDocuments } from '../testing/fake-fetch.ts';
import type { AnswerTo, TargetAnswer } from '../testing/target-answer.ts';
import { type TokenIssuer, tokenIssuer } from '../testing/token-issuer.ts';
import type { Answer } from './schema/answer.ts';
import type { ExpectationsDocument } from './schema/document.ts';
import type { Claims } from './schema/claims.ts';

/** The answer of a stand-in, as the file says. */
export function answerOf(answer: Answer): TargetAnswer {
  if (answer.type === 'broken') return answer.how;
  return responseOf(answer);
}

function responseOf({ status, headers, body, delay }: Extract<Answer, { type: 'response' }>): AnswerTo {
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status,
    headers: body?.type === 'json' && !typed ? [...headers, ['Content-Type', 'application/json']] : headers,
    ...(body === undefined ? {} : { body: body.text }),
    ...(delay === undefined ? {} : { delay }),
  };
}

/** What other servers answer, by URL: issuers with their keys, and what the file says. */
export function documentsOf(
  fetches: ExpectationsDocument['fetches'],
  { all, jwks }: Issuers,
): readonly FakeDocuments[] {
  const written = Object.entries(fetches).map(([url, answer]) => [url, answerOf(answer)] as const);
  const keys = [...jwks].map(([issuer, url]) => [url, () => ({ json: issuer.jwks })] as const);
  return [
    Object.fromEntries<FakeDocuments[string]>([...keys, ...written]),
    ...all.map(({ documents }) => documents),
  ];
}

/** Those who issue tokens in a test, and where their keys are said to be. */
export class Issuers {
  readonly all: readonly TokenIssuer[];
  readonly jwks: ReadonlyMap<TokenIssuer, string>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(written: ExpectationsDocument['issuers'], clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    const made = written.map(({ issuer, jwks }) => [tokenIssuer({ issuer, clock }), jwks] as const);
    this.all = made.map(([issuer]) => issuer);
    this.jwks = new Map(made.flatMap(([issuer, url]) => (url === undefined ? [] : [[issuer, url] as const])));
  }

  /** A token with these claims, of the issuer that they name: the first, where they name none, or somebody else. */
  token({ claims, fromNow }: Claims): string {
    const issuer = this.all.find((each) => each.issuer === claims['iss']) ?? this.all[0];
    if (issuer === undefined) throw new TypeError('a token is issued by one of the issuers');
    const now = this.#clock.now();
    const times = [...fromNow].map(([name, moment]) => [name, Math.floor((now + moment) / 1000)] as const);
    return issuer.token({ ...claims, ...Object.fromEntries(times) });
  }
}

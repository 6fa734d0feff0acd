import { type Agent, request as ask, type IncomingMessage } from 'node:http';
import { Chance } from './chance.ts';
import { forbids } from './reference.ts';
import { type Asked, ASKED, BODY_TOLD, HEAD_TOLD, pack, type Told, unpackTold } from './told.ts';

const USERS = 50;
const RESOURCES = 12;
/** For so many requests one resource is what many want. */
const ABREAST = 48;
export const routes = ['plain', 'stale', 'per', 'any', 'key', 'set', 'behind', 'ttl', 'query'] as const;

/** What has happened so far. */
export interface Tally {
  requests: number;
  /** Answers with somebody else's canary, all allowed. */
  shared: number;
  /** Connections that broke, on purpose or not. */
  broken: number;
  readonly leaks: string[];
}

/** A client that asks as one of 50 users after the other, and looks whose answers it gets. */
export class CanaryClient {
  readonly #chance: Chance;
  readonly #ports: readonly [number, ...number[]];
  readonly #agent: Agent;
  readonly #tally: Tally;

  constructor(seed: number, ports: readonly [number, ...number[]], agent: Agent, tally: Tally) {
    this.#chance = new Chance(seed);
    this.#ports = ports;
    this.#agent = agent;
    this.#tally = tally;
  }

  /** Asks once. Resolves when the answer is there, or will not come. */
  ask(): Promise<void> {
    const chance = this.#chance;
    const asked = this.#asked();
    const path = this.#path(asked);
    const { promise, resolve } = Promise.withResolvers<void>();
    const headers = {
      ...asked.lines,
      host: asked.resource.split('/', 1)[0] ?? '',
      [ASKED]: pack(asked),
      ...(asked.keyed ? { 'x-api-key': keyOf(asked.user) } : {}),
    };
    const port = chance.of(this.#ports);
    const request = ask({ agent: this.#agent, host: '127.0.0.1', port, method: asked.method, path, headers });
    this.#tally.requests++;
    const broken = (): void => {
      this.#tally.broken++;
      resolve();
    };
    request.on('error', broken);
    request.on('response', (response) => {
      this.#read(response, asked).then(resolve, broken);
    });
    request.end();
    if (chance.is(0.02)) setTimeout(() => request.destroy(), chance.below(15));
    return promise;
  }

  #asked(): Asked {
    const chance = this.#chance;
    // Half of them want what all others want at the moment, so that they meet.
    const turn = Math.floor(this.#tally.requests / ABREAST);
    const isHot = chance.is(0.5);
    const route = isHot ? (routes[turn % routes.length] ?? routes[0]) : chance.of(routes);
    const user = chance.below(USERS);
    const drawn = isHot || chance.is(0.7) ? '' : chance.of(['?', '?q=1', '?q=1&q=2', '?q=2']);
    // Where only some parameters count, nothing is told from no query.
    const query = route === 'query' && drawn === '?' ? '' : drawn;
    const hot = `r${turn % RESOURCES}`;
    const name = isHot
      ? hot
      : chance.is(0.9)
        ? `r${chance.below(RESOURCES)}`
        : `R${chance.below(RESOURCES)}.css`;
    const resource = `${isHot ? 'a.test' : chance.of(['a.test', 'b.test:81'])}/${route}/${name}${query}`;
    const lines: Record<string, string> = {};
    const maybe = (probability: number, line: string, ...values: [string, ...string[]]): void => {
      if (chance.is(probability)) lines[line] = chance.of(values);
    };
    maybe(0.3, 'x-tenant', 'a', 'b', 'a,b', 'a, b', '"a, b"', '"a,b"', '');
    maybe(0.3, 'accept-encoding', 'gzip', 'br, gzip', 'gzip, br', '');
    maybe(0.2, 'accept-language', 'de', 'en', 'en, de');
    maybe(0.3, 'cookie', `s=u${user}`);
    maybe(0.15, 'authorization', `Bearer u${user}`);
    maybe(
      0.1,
      'cache-control',
      'no-cache',
      'no-store',
      'max-age=0',
      'max-stale',
      'min-fresh=1',
      'only-if-cached',
      '"',
    );
    maybe(0.06, 'if-none-match', '"x"', '*', 'W/"x"', 'x');
    maybe(0.03, 'if-modified-since', 'Sun, 06 Nov 1994 08:49:37 GMT', 'soon');
    maybe(0.08, 'range', 'bytes=0-9', 'bytes=-5', 'bytes=99999999-', 'bytes=3-', 'bytes=1-2,4-5');
    maybe(0.02, 'if-range', '"x"', 'Sun, 06 Nov 1994 08:49:37 GMT');
    maybe(0.01, 'x-http-method-override', 'HEAD', 'DELETE');
    maybe(0.01, 'x-original-url', '/other');
    maybe(0.05, 'x-forwarded-for', `192.0.2.${user}`);
    maybe(0.05, 'x-who', `u${chance.below(USERS)}`);
    maybe(route === 'set' ? 0.3 : 0.05, 'x-set', `u${chance.below(USERS)}`);
    const method = chance.is(0.88) ? 'GET' : chance.of(['HEAD', 'HEAD', 'POST', 'DELETE']);
    const isKeyed = needsKey.has(route) || (mayHaveKey.has(route) && chance.is(0.6));
    return { user, route, resource, method, keyed: isKeyed, lines };
  }

  /** The path of its resource, in one of its spellings. */
  #path({ resource, route }: Asked): string {
    const chance = this.#chance;
    const path = resource.slice(resource.indexOf('/'));
    const spelled = chance.is(0.8)
      ? path
      : chance.of([
          path.replace('/r', '/%72').replace(/^\/%72/, '/r'),
          path.replace(`/${route}/`, `/${route}/x/../`),
          path.replace(`/${route}/`, `//${route}//./`),
        ]);
    if (route !== 'query') return spelled;
    return `${spelled}${spelled.includes('?') ? '&' : '?'}utm=u${chance.below(USERS)}`;
  }

  async #read(response: IncomingMessage, asked: Asked): Promise<void> {
    const chunks: Buffer[] = [];
    const { headers, statusCode = 0 } = response;
    const head = headers[HEAD_TOLD];
    const body = headers[BODY_TOLD];
    const lines = response.headersDistinct;
    const [cacheControl = [], cdnCacheControl = [], vary = []] = [
      ...[lines['cache-control'], lines['cdn-cache-control'], lines['vary']],
    ];
    const confirmation = typeof head === 'string' ? unpackTold(head) : undefined;
    if (confirmation?.status !== 304) {
      this.#check(asked, head, 'head', []);
      this.#check(asked, body, 'body', []);
      // Where a confirmation says nothing, what holds is that of the answer which it confirms, and the other way round.
    } else {
      this.#check(asked, head, 'head', [{ cacheControl, cdnCacheControl, vary }]);
      const isOwn = confirmation.asked.user === asked.user;
      const own = isOwn ? [{ cacheControl: ['public, max-age=1'], cdnCacheControl: [] }] : [];
      this.#check(asked, body, 'body', [{ cacheControl, cdnCacheControl }, ...own]);
    }
    const other = (text: string): boolean => !new RegExp(`u${asked.user}(?!\\d)`).test(text);
    for (const line of headers['set-cookie'] ?? []) if (other(line)) this.#leak(asked, 'a cookie', line);
    const hidden = String(headers['x-private'] ?? '');
    if (hidden.startsWith('named') && other(hidden))
      this.#leak(asked, `a line that is named as private: ${hidden}`, JSON.stringify(confirmation));
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks).toString();
    if (typeof body !== 'string' || asked.method === 'HEAD' || statusCode === 304) return;
    const told = unpackTold(body);
    const users = new Set([...content.matchAll(/u(\d+)\|/g)].map((match) => Number(match[1])));
    for (const user of users)
      if (user !== told.asked.user) this.#leak(asked, 'a body that belongs to no head', `u${user}`);
    if (statusCode !== 206 && statusCode !== 416 && content.length !== told.length)
      this.#leak(asked, `a body that was cut: ${content.length} of ${told.length}`, body);
  }

  /** @param readings what the answer may also be taken to say: one that allows it suffices. */
  #check(
    asked: Asked,
    packed: string | string[] | undefined,
    what: string,
    readings: readonly Partial<Told>[],
  ): void {
    if (packed === undefined) return;
    if (typeof packed !== 'string') {
      this.#leak(asked, `two of ${what}`, packed.join());
      return;
    }
    const told = unpackTold(packed);
    if (told.asked.user !== asked.user) this.#tally.shared++;
    const why = [{}, ...readings].map((reading) => forbids({ ...told, ...reading }, asked));
    if (!why.includes(undefined)) this.#leak(asked, `${what}: ${why.join('; ')}`, JSON.stringify(told));
  }

  #leak(asked: Asked, why: string, what: string): void {
    if (this.#tally.leaks.length < 20)
      this.#tally.leaks.push(`${why}\n  asked ${JSON.stringify(asked)}\n  got ${what}`);
  }
}

const needsKey: ReadonlySet<string> = new Set(['per', 'key', 'set', 'behind']);
const mayHaveKey: ReadonlySet<string> = new Set(['any']);

/** The API key of a user. */
export function keyOf(user: number): string {
  return `key-of-user-${user}-0123456789abcdef`;
}

/** The header lines of a recorded request, in the order and the spelling in which they came. */
export class RecordedHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #pairs: readonly (readonly [string, string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.#pairs = pairs;
  }

  /** The lines as they came. */
  get pairs(): readonly (readonly [name: string, value: string])[] {
    return this.#pairs;
  }

  /** The values of a name, whatever its case, joined by `, `; null when there is none. */
  get(name: string): string | null {
    const values = this.all(name);
    return values.length === 0 ? null : values.join(', ');
  }

  /** The values of a name, one for each line. */
  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#pairs.filter(([each]) => each.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#pairs[Symbol.iterator]();
  }

  /** Names in lower case, for comparing: lines of one name are joined. */
  toJSON(): Readonly<Record<string, string>> {
    const names = this.#pairs.map(([name]) => name.toLowerCase());
    return Object.fromEntries(names.map((name) => [name, this.get(name) ?? '']));
  }
}

/** A request as a service got it. */
export class RecordedRequest {
  /** Which target of the upstream got it, as `host:port`; the origin, where a policy has fetched something. */
  readonly target: string;
  readonly method: string;
  /** As it stood in the request line; the whole URL, where a policy has fetched something. */
  readonly url: string;
  readonly headers: RecordedHeaders;
  /** What came over the connection up to the empty line, latin1; '' where a policy has fetched something. */
  readonly rawHead: string;
  /** Octets of the body so far, as the framing has them: all of them once {@link complete} is true. */
  body: Uint8Array = new Uint8Array();
  /** Lines behind the body (RFC 9110 §6.5). */
  trailers: RecordedHeaders = new RecordedHeaders([]);
  /** Whether all of it has come. */
  complete = false;

  constructor(parts: Pick<RecordedRequest, 'target' | 'method' | 'url' | 'headers' | 'rawHead'>) {
    this.target = parts.target;
    this.method = parts.method;
    this.url = parts.url;
    this.headers = parts.headers;
    this.rawHead = parts.rawHead;
  }

  /** The path of the URL, without its query. */
  get path(): string {
    return new URL(this.url, 'http://target').pathname;
  }

  /** The parameters of the query. */
  get query(): URLSearchParams {
    return new URL(this.url, 'http://target').searchParams;
  }

  /** The body as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.body);
  }

  /** The body read as JSON. @throws SyntaxError when it is none. */
  json(): unknown {
    return JSON.parse(this.text);
  }
}

/** Header lines of `node:http`, name and value in turn, as pairs. */
export function pairsOf(raw: readonly string[]): [name: string, value: string][] {
  return raw.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : []));
}

import { Agent, request, type OutgoingHttpHeaders } from 'node:http';

/** What a load came to. */
export interface LoadResult {
  /** Whole answers with status 200. */
  readonly answered: number;
  /** What all others were, each kind with its count. */
  readonly failures: ReadonlyMap<string, number>;
}

/** What a {@link Load} may say about its requests. */
export interface LoadOptions {
  /** The headers of the next request. */
  readonly headers?: () => OutgoingHttpHeaders;
}

/** Sends a GET again and again over several kept-alive connections, until told to stop. */
export class Load {
  readonly #port: number;
  readonly #path: string;
  readonly #agent: Agent;
  readonly #headers: () => OutgoingHttpHeaders;
  readonly #runs: Promise<void>[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #failures = new Map<string, number>();
  #stopping = false;
  answered = 0;

  constructor(port: number, path: string, connections: number, { headers }: LoadOptions = {}) {
    this.#port = port;
    this.#path = path;
    this.#headers = headers ?? (() => ({}));
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    for (let i = 0; i < connections; i++) this.#runs.push(this.#run());
  }

  /** Resolves when all requests that are under way now have been answered; others go on. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Lets the requests under way finish. */
  async stop(): Promise<LoadResult> {
    this.#stopping = true;
    await Promise.all(this.#runs);
    this.#agent.destroy();
    return { answered: this.answered, failures: this.#failures };
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const one = this.#one();
      this.#underWay.add(one);
      const failure = await one;
      this.#underWay.delete(one);
      if (failure === undefined) this.answered++;
      else this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
    }
  }

  /** One request. @returns what went wrong, if anything did. */
  #one(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const headers = this.#headers();
      const to = { port: this.#port, path: this.#path, agent: this.#agent, headers };
      const outgoing = request(to, (response) => {
        response.on('end', () => {
          const whole = response.complete && response.statusCode === 200;
          resolve(whole ? undefined : `status ${response.statusCode}`);
        });
        response.on('error', (error) => {
          resolve(error.message);
        });
        response.resume();
      });
      outgoing.on('error', (error) => {
        resolve(error.message);
      });
      outgoing.setTimeout(20_000, () => outgoing.destroy(new Error('no answer within 20 s')));
      outgoing.end();
    });
  }
}

/** Failures in words. */
export function failuresIn({ failures }: LoadResult): string {
  if (failures.size === 0) return 'none';
  return [...failures].map(([what, count]) => `${count} × ${what}`).join(', ');
}

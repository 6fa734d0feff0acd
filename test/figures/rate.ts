import { Agent, request } from 'node:http';

/** Milliseconds between two requests. */
const EVERY = 2.5;

/** A request, as it went. */
export interface Sample {
  /** When it was due, in milliseconds. */
  readonly due: number;
  readonly took: number;
  readonly status: number;
}

/** Sends requests when they are due, whether earlier ones have been answered or not. */
export class Rate {
  readonly samples: Sample[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #port: number;
  readonly #started = performance.now();
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(port: number) {
    this.#port = port;
    this.#timer = setInterval(() => {
      this.#send();
    }, 1);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  #send(): void {
    while (this.#started + this.#sent * EVERY <= performance.now()) {
      const one = this.#one(this.#started + this.#sent++ * EVERY);
      this.#underWay.add(one);
      void one.finally(() => this.#underWay.delete(one));
    }
  }

  #one(due: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (status: number): void => {
        this.samples.push({ due, took: performance.now() - due, status });
        resolve();
      };
      // Keys on all nodes of a cluster.
      const headers = { 'x-key': String(this.#sent % 50) };
      const outgoing = request({ port: this.#port, agent: this.#agent, headers }, (response) => {
        response.on('end', () => {
          done(response.statusCode ?? 0);
        });
        response.resume();
      });
      outgoing.on('error', () => {
        done(0);
      });
      outgoing.end();
    });
  }
}

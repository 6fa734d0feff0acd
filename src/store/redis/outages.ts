import type { Fault } from './fault.ts';
import { LOG_INTERVAL, type LinkTools } from './link-tools.ts';
import { placeOf, type RedisSettings } from './settings.ts';

/** What the log says of a link: each thing once, and again only after half a minute, however many calls meet it. */
export class Outages {
  readonly #place: string;
  readonly #tools: LinkTools;
  readonly #said = new Map<string, number>();
  /** When it began, by the monotonic clock. */
  #since: number | undefined;
  #isKnown = false;

  constructor(settings: RedisSettings, tools: LinkTools) {
    this.#place = placeOf(settings);
    this.#tools = tools;
  }

  /** Nothing is sent any more. */
  down(fault: Fault): void {
    this.#begin();
    this.#say(
      'down',
      fault,
      `${this.#place} cannot be used: ${fault.words}. Until it can, policies go on without it, each as it is told to`,
    );
  }

  /** Nothing that writes is sent any more. */
  withoutWrites(fault: Fault): void {
    this.#begin();
    this.#say(
      'writes',
      fault,
      `${this.#place} can only be read: ${fault.words}. Until that changes, policies that write to it go on without it`,
    );
  }

  /** A single call was refused. */
  oneCall(fault: Fault): void {
    this.#say('call', fault, `${this.#place} refused a command: ${fault.words}`);
  }

  /** Everything is as it should be. */
  over(): void {
    if (this.#since === undefined) return;
    const seconds = (this.#tools.clock.monotonic() - this.#since) / 1000;
    if (this.#isKnown) {
      this.#tools.logger.info(
        { redis: this.#place },
        `${this.#place} is used again, after ${seconds.toFixed(1)} s`,
      );
    }
    this.#since = undefined;
    this.#isKnown = false;
  }

  #begin(): void {
    this.#since ??= this.#tools.clock.monotonic();
  }

  #say(what: string, { kind, code }: Fault, message: string): void {
    const now = this.#tools.clock.monotonic();
    const topic = `${what} ${kind} ${code}`;
    const last = this.#said.get(topic);
    if (last !== undefined && now - last < LOG_INTERVAL) return;
    // As many topics as there are codes; those of a server that invents some must not pile up.
    if (this.#said.size > 50) this.#said.clear();
    this.#said.set(topic, now);
    this.#isKnown = true;
    this.#tools.logger.warn({ redis: this.#place, kind, ...(code === '' ? {} : { code }) }, message);
  }
}

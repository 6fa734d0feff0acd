import type { Connection, OpenConnection } from './connection.ts';
import { breakage, type Fault, FaultError, lateness, refusal, unavailable } from './fault.ts';
import { attemptPause, type LinkTools } from './link-tools.ts';
import { Outages } from './outages.ts';
import type { RedisSettings } from './settings.ts';
import { within } from './within.ts';

/** How long the key of a probe is kept, in milliseconds. */
const PROBE_TTL = '10000';

/** What becomes of the line. */
export interface LifelineSignals {
  /** There is a connection that has answered. */
  onUp(connection: Connection): void;
  /** There is none any more, or still none. */
  onDown(fault: Fault): void;
}

/**
 * Keeps a connection, and is the circuit breaker before it. With the first fault that reaches beyond its call, the connection
 * is given up and nothing is sent any more; every 250–500 ms a new one is tried in the background, until one answers.
 * Where the server merely takes no writes, only writes are held back, and what is tried is a write.
 */
export class Lifeline {
  readonly #settings: RedisSettings;
  readonly #open: OpenConnection;
  readonly #tools: LinkTools;
  readonly #signals: LifelineSignals;
  readonly #outages: Outages;
  #connection: Connection | undefined;
  /** Why there is no connection; undefined while the first one is awaited, too. */
  #fault: Fault | undefined;
  #writesFault: Fault | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempt: AbortController | undefined;
  #closed = false;

  constructor(settings: RedisSettings, open: OpenConnection, tools: LinkTools, signals: LifelineSignals) {
    this.#settings = settings;
    this.#open = open;
    this.#tools = tools;
    this.#signals = signals;
    this.#outages = new Outages(settings, tools);
  }

  /** Undefined while the first one is awaited, and while there is a {@link refusal}. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Why a call is not to be made now; undefined when it is, or may wait for the first connection. */
  refusal(readOnly: boolean): Fault | undefined {
    return this.#fault ?? (readOnly ? undefined : this.#writesFault);
  }

  /** Makes the first attempt. */
  start(): void {
    void this.#try();
  }

  /** What an error means that a call on this connection met. */
  faultOf(connection: Connection, error: unknown): Fault {
    return connection.isReply(error) ? refusal(error.message) : breakage(error);
  }

  /**
   * A call met a fault.
   * @param connection that it was sent on; undefined when it waited for the first one.
   */
  fail(connection: Connection | undefined, fault: Fault): void {
    if (this.#closed || connection !== this.#connection || this.#fault !== undefined) return;
    if (fault.reach === 'all') this.#down(fault);
    else if (fault.reach === 'writes') this.#withoutWrites(fault);
    else this.#outages.oneCall(fault);
  }

  /** Ends everything; there is nothing after it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    if (this.#connection !== undefined) this.#tools.metrics.up(false);
    this.#connection?.close();
    this.#connection = undefined;
    this.#fault = unavailable('the link has been closed');
  }

  #down(fault: Fault): void {
    const connection = this.#connection;
    const { metrics } = this.#tools;
    this.#connection = undefined;
    this.#writesFault = undefined;
    this.#fault = fault;
    if (connection !== undefined) metrics.up(false);
    metrics.opened();
    this.#outages.down(fault);
    connection?.destroy();
    this.#signals.onDown(fault);
    this.#again();
  }

  #withoutWrites(fault: Fault): void {
    if (this.#writesFault === undefined) this.#tools.metrics.opened();
    this.#writesFault = fault;
    this.#outages.withoutWrites(fault);
    this.#again();
  }

  #again(): void {
    if (this.#closed || this.#attempt !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), attemptPause(this.#tools.random));
  }

  async #try(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const known = this.#connection;
      // Whoever is a replica remains one on this connection: the master is behind another.
      const isKept = known !== undefined && this.#writesFault?.code !== 'READONLY';
      const connection = isKept ? known : await this.#connect(attempt);
      const writesFault = await this.#probe(connection);
      this.#attempt = undefined;
      if (!attempt.signal.aborted) this.#adopt(connection, writesFault);
      else if (!isKept) connection.destroy();
    } catch (error) {
      this.#attempt = undefined;
      if (!attempt.signal.aborted) this.#failed(error instanceof FaultError ? error.fault : breakage(error));
    }
  }

  async #connect(attempt: AbortController): Promise<Connection> {
    const { connectTimeout } = this.#settings;
    const giveUp = new AbortController();
    const abandoned = AbortSignal.any([giveUp.signal, attempt.signal]);
    let opened: Connection | undefined;
    const onLost = (error: unknown): void => {
      if (opened !== undefined) this.fail(opened, breakage(error));
    };
    const opening = this.#open(this.#settings, { onLost, abandoned });
    opening.then(
      (connection) => {
        opened = connection;
        if (abandoned.aborted) connection.destroy();
      },
      () => undefined,
    );
    try {
      const words = `there is no connection within ${connectTimeout} ms`;
      return await within(opening, connectTimeout, () => new FaultError(unavailable(words)));
    } catch (error) {
      giveUp.abort();
      // What authentication was answered is a reply; there is no connection to tell.
      throw error instanceof FaultError || !(error instanceof Error)
        ? error
        : new FaultError(openingFault(error));
    }
  }

  /** @returns why it takes no writes. @throws FaultError (as a rejection) when it is of no use. */
  async #probe(connection: Connection): Promise<Fault | undefined> {
    const { keyPrefix, timeout } = this.#settings;
    const probes = connection.probeKeys(keyPrefix).map((key) => {
      const args = ['SET', key, '1', 'PX', PROBE_TTL];
      return connection.send({ key, readOnly: false, args, binary: false });
    });
    try {
      await within(Promise.all(probes), timeout, () => new FaultError(lateness(timeout)));
      return undefined;
    } catch (error) {
      const fault = error instanceof FaultError ? error.fault : this.faultOf(connection, error);
      if (fault.reach === 'writes') return fault;
      // A gateway may be allowed to read only.
      if (fault.code === 'NOPERM') return { ...fault, reach: 'writes' };
      if (connection !== this.#connection) connection.destroy();
      throw new FaultError(fault);
    }
  }

  #adopt(connection: Connection, writesFault: Fault | undefined): void {
    const previous = this.#connection;
    this.#writesFault = writesFault;
    this.#fault = undefined;
    if (writesFault !== undefined) this.#outages.withoutWrites(writesFault);
    else this.#outages.over();
    if (writesFault !== undefined) this.#again();
    if (previous === connection) return;
    this.#connection = connection;
    if (previous === undefined) this.#tools.metrics.up(true);
    else previous.close();
    this.#signals.onUp(connection);
  }

  #failed(fault: Fault): void {
    if (this.#connection !== undefined && this.#writesFault?.code === 'READONLY') {
      // There is still one that answers what is read.
      this.#again();
      return;
    }
    if (this.#fault === undefined) {
      this.#down(fault.reach === 'all' ? fault : { ...fault, reach: 'all' });
      return;
    }
    this.#fault = fault;
    this.#outages.down(fault);
    this.#again();
  }
}

/** A failed opening: the client rejects with the reply to AUTH, SELECT or HELLO, or with what befell the socket. */
function openingFault(error: Error): Fault {
  const isAnswer = !('code' in error) && /^[A-Z]{2,20} /.test(error.message);
  return isAnswer ? { ...refusal(error.message), reach: 'all' } : breakage(error);
}

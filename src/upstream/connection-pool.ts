import type { TimerOwner } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { ClientConnectionOwner } from '../http1/client-connection.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import type { ClientConnectionEnvironment, ClientSettings } from '../http1/client-settings.ts';
import type { Connector } from './connect.ts';

interface Idle {
  readonly connection: ClientConnection;
  /** In the wheel's time: not to be used from then on. */
  readonly until: number;
}

/** A target that promises more than this, in milliseconds, is not taken at its word. */
const LONGEST_IDLE = 60_000;

/**
 * The connections to one target: those at rest, the newest on top, and a count of all. Node services close a connection
 * that has been idle for 5 s; one that is about to be closed is worse than none, so it is given up before that.
 */
export class ConnectionPool implements ClientConnectionOwner, TimerOwner {
  readonly #connector: Connector;
  readonly #environment: ClientConnectionEnvironment;
  readonly #idle: Idle[] = [];
  readonly #all = new Set<ClientConnection>();
  readonly #timer: WheelTimer;
  /** How many connections there may be; whoever asks for one sees to it that not more are in use. */
  limit = Infinity;
  #keepAlive = 4000;
  #closing = false;

  constructor(connector: Connector, environment: ClientConnectionEnvironment) {
    this.#connector = connector;
    this.#environment = environment;
    this.#timer = new WheelTimer(environment.wheel, this);
  }

  /** All connections, at rest and in use. */
  get size(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Connections that serve an exchange. */
  get busy(): number {
    return this.#all.size - this.#idle.length;
  }

  /** How long a connection may rest when its target promises nothing, in milliseconds. */
  set keepAlive(milliseconds: number) {
    this.#keepAlive = milliseconds;
  }

  /**
   * A connection for one exchange: one at rest if there is one, or a new one, which may be used at once: what is written
   * leaves when it stands.
   * @param fresh asks for a new one in any case; where there are as many as there may be, it takes the place of one at rest.
   */
  acquire(settings: ClientSettings, fresh: boolean): ClientConnection {
    const { now } = this.#environment.wheel;
    while (!fresh) {
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      if (idle.until > now && !idle.connection.socket.destroyed && idle.connection.socket.readable)
        return idle.connection;
      idle.connection.destroy();
    }
    if (this.#all.size >= this.limit) this.#idle.shift()?.connection.destroy();
    const connection = new ClientConnection(
      this.#connector.open(),
      this,
      this.#environment,
      settings,
      this.#connector.event,
    );
    this.#all.add(connection);
    return connection;
  }

  onReusable(connection: ClientConnection, timeout: number | undefined): void {
    // A second less than promised: the target's clock started earlier than ours.
    const rest = timeout === undefined ? this.#keepAlive : Math.min(timeout * 1000 - 1000, LONGEST_IDLE);
    if (this.#closing || rest <= 0) {
      connection.destroy();
      return;
    }
    this.#idle.push({ connection, until: this.#environment.wheel.now + rest });
    if (!this.#timer.armed) this.#timer.set(1000);
  }

  onGone(connection: ClientConnection): void {
    this.#all.delete(connection);
    // Only a connection at rest can be in the list, and then it is usually near the top.
    for (let i = this.#idle.length - 1; i >= 0; i--) {
      if (this.#idle[i]?.connection !== connection) continue;
      this.#idle.splice(i, 1);
      return;
    }
  }

  onTimer(): void {
    const { now } = this.#environment.wheel;
    for (const { connection, until } of [...this.#idle]) if (until <= now) connection.destroy();
    if (this.#idle.length > 0) this.#timer.set(1000);
  }

  /** Closes what rests now and whatever comes to rest later. */
  close(): void {
    this.#closing = true;
    this.#timer.dispose();
    for (const { connection } of [...this.#idle]) connection.destroy();
  }

  /** Closes everything, exchanges under way included. */
  destroy(): void {
    this.close();
    for (const connection of [...this.#all]) connection.destroy();
  }
}

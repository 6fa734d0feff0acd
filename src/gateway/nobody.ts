import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import { WheelTimer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts';

/** Who hears of what happens to an exchange without a client. */
export type NobodyHandler = Pick<DownstreamHandler, 'onClientError' | 'onExchangeTimeout' | 'onResponseSent'>;

/** Where exchanges without a client live. */
export interface NobodysPlace {
  readonly wheel: TimerWheel;
  /** All of them, so that they end with the gateway. */
  readonly nobodies: Set<Nobody>;
}

/**
 * The client's side of an exchange that has no client: what is sent goes nowhere, as fast as it comes. There is no request
 * body either.
 */
export class Nobody implements Downstream, TimerOwner {
  readonly #timer: WheelTimer;
  readonly #place: NobodysPlace;
  readonly #handler: NobodyHandler;
  #over = false;
  headSent: boolean;
  bytesWritten = 0;

  /** @param headSent whether the answer has begun, where this takes the place of a client that is gone. */
  constructor(place: NobodysPlace, handler: NobodyHandler, headSent = false) {
    this.#timer = new WheelTimer(place.wheel, this);
    this.#place = place;
    place.nobodies.add(this);
    this.#handler = handler;
    this.headSent = headSent;
  }

  sendInterim(): void {}

  startBody(): void {}

  bodyTaken(): void {}

  sendHead(): void {
    this.headSent = true;
  }

  /** Only exchanges without an upgrade come here. */
  sendUpgrade(): void {
    this.abort();
  }

  retractHead(): boolean {
    return false;
  }

  write(chunk: Uint8Array): boolean {
    this.bytesWritten += chunk.length;
    return true;
  }

  end(): void {
    this.#finish();
  }

  abort(): void {
    this.#finish();
  }

  cork(): void {}

  uncork(): boolean {
    return true;
  }

  pause(): void {}

  resume(): void {}

  setExchangeTimeout(delay: number): void {
    if (!this.#over) this.#timer.set(delay);
  }

  setBodyTimeouts(): void {}

  onTimer(): void {
    if (!this.#over) this.#handler.onExchangeTimeout();
  }

  /** The gateway ends, and with it what it does for nobody. */
  lose(): void {
    if (this.#over) return;
    this.#handler.onClientError(new GatewayError('client_aborted', 'the gateway closes'));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#place.nobodies.delete(this);
    this.#timer.dispose();
    this.#handler.onResponseSent();
  }
}

import { type Clock, startInterval, type Timer } from './clock.ts';

/** Whoever owns a {@link WheelTimer}. */
export interface TimerOwner {
  /** Called once when the deadline has passed, at most one tick late. */
  onTimer(timer: WheelTimer): void;
}

/**
 * One time-out, made once for a long-lived object and armed again and again. Arming it later than it already
 * stands, and disarming it, only stores a number: the wheel looks at the deadline when it gets there. That is the
 * usual case (each request pushes a connection's deadline out), so a request costs no list operation.
 */
export class WheelTimer {
  readonly #wheel: TimerWheel;
  readonly owner: TimerOwner;
  /** In the wheel's time, milliseconds; 0 is disarmed. */
  deadline = 0;
  /** The tick whose slot this timer hangs in; −1 is none. Only the wheel touches these three. */
  tick = -1;
  previous: WheelTimer | undefined = undefined;
  next: WheelTimer | undefined = undefined;

  constructor(wheel: TimerWheel, owner: TimerOwner) {
    this.#wheel = wheel;
    this.owner = owner;
  }

  get armed(): boolean {
    return this.deadline !== 0;
  }

  /** Arms for `delay` milliseconds from now; 0 or less disarms. */
  set(delay: number): void {
    if (delay <= 0) this.deadline = 0;
    else this.#wheel.arm(this, delay);
  }

  /** Disarms. Cheap enough for every request. */
  clear(): void {
    this.deadline = 0;
  }

  /** Disarms and leaves the wheel, so that the owner can be collected at once. For the end of a life. */
  dispose(): void {
    this.deadline = 0;
    this.#wheel.remove(this);
  }
}

/** How time-outs are kept apart: a power of two, so that the slot is a mask away. */
const SLOTS = 512;

/** So many ticks late is a stall rather than a busy moment. */
const STALL = 4;

/**
 * A coarse timer wheel: every time-out of the data path hangs in it. One interval drives it, and runs only while
 * anything is armed. Resolution is one tick; a time-out is never early.
 */
export class TimerWheel {
  readonly tickLength: number;
  /** Each slot is a ring around a sentinel-less list head: the first timer of the slot. */
  readonly #slots: (WheelTimer | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #origin: number;
  #tick = 0;
  /** How far the hand is behind, while a stall is made up for; milliseconds. */
  #skew = 0;
  #size = 0;
  #interval: Timer | undefined;

  /**
   * @param clock where time comes from.
   * @param tickLength milliseconds a tick.
   */
  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, tickLength = 50) {
    this.#clock = clock;
    this.#origin = clock.monotonic();
    this.tickLength = tickLength;
  }

  /** How many timers hang in the wheel, disarmed ones that have not been swept yet among them. */
  get size(): number {
    return this.#size;
  }

  /** Milliseconds since the wheel was made, as of the last tick. Cheap; for arithmetic on deadlines. */
  get now(): number {
    if (this.#interval === undefined) this.#catchUp();
    return this.#tick * this.tickLength + this.#skew;
  }

  /** See {@link WheelTimer.set}. */
  arm(timer: WheelTimer, delay: number): void {
    if (this.#interval === undefined) this.#start();
    // One tick more than asked: part of the present tick is already over.
    const deadline = this.now + delay + this.tickLength;
    timer.deadline = deadline;
    const tick = Math.ceil(deadline / this.tickLength);
    if (timer.tick !== -1) {
      if (timer.tick <= tick) return;
      this.#unlink(timer);
    }
    this.#link(timer, tick);
  }

  /** Takes a timer out. */
  remove(timer: WheelTimer): void {
    if (timer.tick !== -1) this.#unlink(timer);
  }

  /** Runs every time-out that is due. Driven by the interval; tests with a fake clock call it themselves. */
  advance(): void {
    const target = this.#target();
    this.#skew = 0;
    // After a long stall every slot is due once; going round more often would find nothing new.
    if (target - this.#tick > SLOTS) this.#tick = target - SLOTS;
    while (this.#tick < target) {
      this.#tick++;
      this.#sweep(this.#tick & (SLOTS - 1));
    }
    if (this.#size === 0) this.#stop();
  }

  /** Stops the interval. Timers still armed never fire. */
  close(): void {
    this.#stop();
  }

  #sweep(slot: number): void {
    let timer = this.#slots[slot];
    this.#slots[slot] = undefined;
    const now = this.now;
    while (timer !== undefined) {
      const next: WheelTimer | undefined = timer.next;
      timer.previous = timer.next = undefined;
      timer.tick = -1;
      this.#size--;
      if (next !== undefined) next.previous = undefined;
      const { deadline } = timer;
      if (deadline !== 0) {
        if (deadline > now) {
          this.#link(timer, Math.ceil(deadline / this.tickLength));
        } else {
          // Put the rest back first: a handler may arm, remove or dispose any of them.
          if (next !== undefined) this.#prepend(next, slot);
          timer.deadline = 0;
          timer.owner.onTimer(timer);
          timer = this.#takeDue(slot);
          continue;
        }
      }
      timer = next;
    }
  }

  /** After a handler ran: what is left in the slot of this tick, as a detached list. */
  #takeDue(slot: number): WheelTimer | undefined {
    const first = this.#slots[slot];
    this.#slots[slot] = undefined;
    return first;
  }

  #prepend(list: WheelTimer, slot: number): void {
    const first = this.#slots[slot];
    this.#slots[slot] = list;
    if (first === undefined) return;
    let last = list;
    while (last.next !== undefined) last = last.next;
    last.next = first;
    first.previous = last;
  }

  #link(timer: WheelTimer, tick: number): void {
    // A deadline beyond one revolution is looked at once a revolution and hung in again.
    const at = Math.min(Math.max(tick, this.#tick + 1), this.#tick + SLOTS - 1);
    const slot = at & (SLOTS - 1);
    const first = this.#slots[slot];
    timer.tick = at;
    timer.previous = undefined;
    timer.next = first;
    if (first !== undefined) first.previous = timer;
    this.#slots[slot] = timer;
    this.#size++;
  }

  #unlink(timer: WheelTimer): void {
    const { previous, next } = timer;
    if (previous === undefined) {
      const slot = timer.tick & (SLOTS - 1);
      if (this.#slots[slot] === timer) this.#slots[slot] = next;
    } else {
      previous.next = next;
    }
    if (next !== undefined) next.previous = previous;
    timer.previous = timer.next = undefined;
    timer.tick = -1;
    this.#size--;
  }

  /** The wheel stands still while nothing is armed. */
  #catchUp(): void {
    this.#tick = Math.max(this.#tick, this.#target());
  }

  /**
   * After a stall, what came in the meantime lies unread in the sockets while time-outs that wait for it are due. Node runs
   * timers before it reads; this once, reading comes first. Until then the hand stands, and the time is the true one.
   */
  #onInterval(): void {
    const behind = this.#target() - this.#tick;
    if (behind <= STALL) {
      this.advance();
      return;
    }
    this.#skew = behind * this.tickLength;
    setImmediate(() => {
      if (this.#interval !== undefined) this.advance();
    });
  }

  /** The tick that it should be. */
  #target(): number {
    return Math.floor((this.#clock.monotonic() - this.#origin) / this.tickLength);
  }

  #start(): void {
    this.#catchUp();
    const onInterval = (): void => this.#onInterval();
    this.#interval = startInterval(this.#clock, this.tickLength, onInterval, { keepsProcess: false });
  }

  #stop(): void {
    this.#interval?.cancel();
    this.#interval = undefined;
  }
}

import type { Clock } from '../core/clock.ts';
import { ipNetworkOf } from '../http/ip.ts';

/** Wrong tokens that one network may offer in a row, and the milliseconds until it may offer one more. */
const guesses = 10;
const refill = 6000;
/** Networks remembered at most; the one that guessed longest ago is forgotten first. */
const most = 4096;

interface Guesser {
  /** Wrong tokens that may still be offered, at `at`. */
  readonly left: number;
  readonly at: number;
}

/**
 * Counts wrong tokens by network (an IPv4 address, an IPv6 /64): ten at once, then ten a minute. While a network has
 * none left, no token of it is looked at, so that guessing goes no faster than that (HARDENING F193).
 */
export class GuessThrottle {
  readonly #clock: Clock;
  readonly #guessers = new Map<string, Guesser>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds until a token from that address is looked at again; 0 when it is at once. */
  wait(ip: string): number {
    const left = this.#left(ipNetworkOf(ip, 64));
    return left >= 1 ? 0 : Math.ceil(((1 - left) * refill) / 1000);
  }

  /** A wrong token came from that address. */
  wrong(ip: string): void {
    const network = ipNetworkOf(ip, 64);
    const left = this.#left(network) - 1;
    // Deleted first, so that the map stays in the order of the latest guess.
    this.#guessers.delete(network);
    this.#guessers.set(network, { left, at: this.#clock.monotonic() });
    if (this.#guessers.size <= most) return;
    for (const oldest of this.#guessers.keys()) {
      this.#guessers.delete(oldest);
      break;
    }
  }

  #left(network: string): number {
    const guesser = this.#guessers.get(network);
    if (guesser === undefined) return guesses;
    return Math.min(guesses, guesser.left + (this.#clock.monotonic() - guesser.at) / refill);
  }
}

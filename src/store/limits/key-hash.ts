/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein; the 32-bit form of SipHash): who does not know the seed can
 * neither find two texts that collide nor tell in which bucket one lies.
 *
 * One object is used again and again: the result of {@link KeyHash.hash} stands in `low` and `high` until the next call.
 */
export class KeyHash {
  readonly #seed0: number;
  readonly #seed1: number;
  /** 32 bits each, unsigned. */
  low = 0;
  high = 0;

  /** @param seed0 and `seed1`: 32 secret random bits each. */
  constructor(seed0: number, seed1: number) {
    this.#seed0 = seed0 | 0;
    this.#seed1 = seed1 | 0;
  }

  /** Hashes the UTF-16 code units of a text, two at a time. */
  hash(text: string): void {
    let v0 = this.#seed0;
    let v1 = this.#seed1 ^ 0xee;
    let v2 = this.#seed0 ^ 0x6c796765;
    let v3 = this.#seed1 ^ 0x74656462;
    const { length } = text;
    // The last word has the unit that is left over, if one is, and the length in octets.
    const whole = length & ~1;
    for (let i = 0; i <= whole; i += 2) {
      const word =
        i < whole
          ? text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
          : (length << 25) | (length === whole ? 0 : text.charCodeAt(i));
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
    }
    v2 ^= 0xee;
    for (let round = 0; round < 8; round++) {
      if (round === 4) {
        this.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.high = (v1 ^ v3) >>> 0;
  }
}

import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness as the gateway uses it. Lent to policies, so that tests can fix it. */
export interface Random {
  /** A number in [0, 1); not for secrets. */
  number(): number;
  /** Unpredictable octets. */
  bytes(size: number): Uint8Array;
  /** An RFC 9562 version 4 UUID. */
  uuid(): string;
}

/** The machine's randomness. */
export const systemRandom: Random = {
  number: () => Math.random(),
  bytes: (size) => randomBytes(size),
  uuid: () => randomUUID(),
};

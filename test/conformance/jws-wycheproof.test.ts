import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { isAlgorithm } from '../../src/policies/jwt/algorithms.ts';
import { readMessage, readToken, TokenError } from '../../src/policies/jwt/compact-token.ts';
import { candidates } from '../../src/policies/jwt/key-set.ts';
import { verifySignature } from '../../src/policies/jwt/signature.ts';
import {
  KeyError,
  keyFromJwk,
  keyFromSecret,
  type VerificationKey,
} from '../../src/policies/jwt/verification-key.ts';

const file = new URL('../../../shared/vectors/wycheproof/json_web_signature_test.json', import.meta.url);
const skip = !existsSync(file) && 'needs ../shared/vectors/wycheproof beside the project';

const jwk = z.looseObject({ kty: z.string(), alg: z.string().optional(), k: z.string().optional() });
const vectors = z.object({
  testGroups: z.array(
    z.object({
      public: jwk.optional(),
      private: jwk,
      tests: z.array(z.object({ tcId: z.number(), jws: z.string(), result: z.enum(['valid', 'invalid']) })),
    }),
  ),
});

/** Where we decide otherwise than the vectors say of a signed message, and why. */
const decisions: ReadonlyMap<number, string> = new Map([
  [346, 'refused: the token is PS384, and its key says that it is for PS256 alone (RFC 7517 §4.4)'],
  [350, 'refused: the same token and key'],
  [347, 'refused: the key says that it is for ES521, which is no algorithm (RFC 7518 §3.1 has ES512)'],
  [351, 'refused: the same token and key'],
  [372, 'refused: a question mark in the header is not base64url (RFC 7515 §2); we read over nothing'],
  [373, 'refused: a question mark in the payload'],
  // What these two are called, wrong padding, is not in them: octet for octet a message with a right MAC.
  [367, 'accepted as a message; as a token it is refused, for its payload `Test` has no claims'],
  [370, 'accepted as a message: octet for octet the one above'],
]);

function keyOf(group: z.output<typeof vectors>['testGroups'][number]): VerificationKey {
  const { k, alg } = group.private;
  if (k === undefined) return keyFromJwk(group.public);
  return { ...keyFromSecret(Buffer.from(k, 'base64url')), alg: isAlgorithm(alg) ? alg : undefined };
}

/** What each vector gets from us, by its number. */
async function results(
  read: typeof readMessage,
): Promise<Map<number, { accepted: boolean; valid: boolean }>> {
  const { testGroups } = vectors.parse(JSON.parse(readFileSync(file, 'utf8')));
  const found = new Map<number, { accepted: boolean; valid: boolean }>();
  for (const group of testGroups) {
    for (const { tcId, jws, result } of group.tests) {
      const accepted = await accepts(jws, () => keyOf(group), read);
      found.set(tcId, { accepted, valid: result === 'valid' });
    }
  }
  return found;
}

async function accepts(jws: string, key: () => VerificationKey, read: typeof readMessage): Promise<boolean> {
  try {
    const { text, alg } = read(jws);
    return (await verifySignature(text, alg, candidates([key()], alg, undefined))) !== undefined;
  } catch (error) {
    if (error instanceof TokenError || error instanceof KeyError) return false;
    throw error;
  }
}

test(
  'signed messages are accepted and refused as Wycheproof says, but for what we decided',
  { skip },
  async () => {
    const found = await results(readMessage);
    assert.equal(found.size, 401);
    const differing = [...found].filter(([, { accepted, valid }]) => accepted !== valid);
    assert.deepEqual(
      differing.map(([tcId]) => tcId).toSorted((a, b) => a - b),
      [...decisions.keys()].toSorted((a, b) => a - b),
    );
  },
);

test('all 355 vectors that are invalid are refused as tokens', { skip }, async () => {
  const invalid = [...(await results(readToken))].filter(([, { valid }]) => !valid);
  assert.equal(invalid.length, 355);
  assert.deepEqual(
    invalid.filter(([, { accepted }]) => accepted),
    [],
  );
});

import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';
import type { BcryptAnswer, BcryptQuestion } from './bcrypt.ts';

// bcrypt in JavaScript takes tenths of a second: here nobody else has to wait for it.
parentPort?.on('message', ({ id, password, digest }: BcryptQuestion) => {
  const answer: BcryptAnswer = { id, matches: compareSync(password, digest) };
  parentPort?.postMessage(answer);
});

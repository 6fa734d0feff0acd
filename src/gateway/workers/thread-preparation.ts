import type { Finding } from '../../config/finding.ts';
import type { ConfigMaterial } from '../config-source.ts';
import type { Candidate, Preparation } from '../serving.ts';
import { type Answer, errorFrom, type PrepareRequest } from './protocol.ts';
import type { WorkerThread } from './worker-thread.ts';

/** A configuration as threads are given it. */
export interface Wanted {
  readonly config: Candidate['loaded']['config'];
  readonly version: string;
  readonly material: ConfigMaterial;
  readonly threads: number;
}

/** What became of a question. */
export type Outcome = Answer | { readonly kind: 'lost' | 'late' };

/** Asks threads to prepare for a configuration, and makes one answer of theirs. */
export class ThreadPreparation {
  readonly #patience: number;
  readonly #givenUp = Promise.withResolvers<{ readonly kind: 'lost' }>();

  /** @param patience milliseconds that a thread gets. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Nobody waits for an answer any more, now or later. */
  giveUp(): void {
    this.#givenUp.resolve({ kind: 'lost' });
  }

  /**
   * Asks every thread; the first before the others where there are ports to be found.
   * @param known the port of each address to listen on, as far as it is known.
   */
  async askAll(
    threads: readonly WorkerThread[],
    wanted: Wanted,
    known: readonly (number | undefined)[],
  ): Promise<readonly Outcome[]> {
    const open = wanted.config.listen.some(({ port }, i) => port === 0 && known[i] === undefined);
    const [first, ...others] = threads;
    if (!open || first === undefined)
      return Promise.all(threads.map((thread) => this.ask(thread, wanted, known)));
    const answer = await this.ask(first, wanted, known);
    if (answer.kind !== 'ready') return [answer];
    const ports = answer.addresses.map(({ port }) => port);
    return [answer, ...(await Promise.all(others.map((thread) => this.ask(thread, wanted, ports))))];
  }

  /** Asks one thread. One that does not answer in time is ended. */
  async ask(
    thread: WorkerThread,
    { version, material, threads }: Wanted,
    ports: readonly (number | undefined)[],
  ): Promise<Outcome> {
    const request: PrepareRequest = { kind: 'prepare', version, material, threads, ports };
    const answer = await Promise.race([thread.ask(request, this.#patience), this.#givenUp.promise]);
    // Whatever it is busy with, it would not get to the next request either.
    if (answer.kind === 'late') await thread.terminate();
    return answer;
  }

  /**
   * Why not all were ready.
   * @param atStart nobody serves yet.
   * @throws what a thread failed of.
   */
  async whyNot(
    threads: readonly WorkerThread[],
    answers: readonly Outcome[],
    atStart: boolean,
  ): Promise<Preparation | 'lost'> {
    const findings = new Map<string, Finding>();
    for (const answer of answers) {
      if (answer.kind === 'failed') throw errorFrom(answer.error);
      if (answer.kind !== 'wrong') continue;
      for (const finding of answer.findings) findings.set(JSON.stringify(finding), finding);
    }
    if (findings.size > 0) return { ok: false, findings: [...findings.values()] };
    if (!atStart) return 'lost';
    // At the very start there is nobody to serve meanwhile: whatever it was, it is why the gateway does not start.
    if (answers.some(({ kind }) => kind === 'late'))
      throw new Error(`a worker was not ready within ${this.#patience} ms`);
    const { error, code } = (await threads[answers.findIndex(({ kind }) => kind === 'lost')]?.ended) ?? {};
    throw error instanceof Error
      ? error
      : new Error(`a worker ended with ${code ?? 'an error'} before it served`);
  }
}

import type { Fetch } from '../core/fetch.ts';
import type { Logger } from '../core/logger.ts';

/**
 * What policies do while somebody asks what they would do: they may fetch, and what they warn the log of is heard. Before they
 * are asked, nothing is fetched: those on other routes have nothing to do with the question.
 */
export class PolicyWatch {
  readonly fetch: Fetch;
  readonly logger: Logger;
  #heard: string[] | undefined;

  /** @param fetch how; without it, nothing is fetched at all. */
  constructor(fetch: Fetch = refuse) {
    this.fetch = (url, request) => (this.#heard === undefined ? refuse() : fetch(url, request));
    const hear = ({ err }: Readonly<Record<string, unknown>>, message: string): void => {
      this.#heard?.push([message, ...reasons(err)].join(': '));
    };
    this.logger = { debug: ignore, info: ignore, warn: hear, error: hear };
  }

  /**
   * Asks a policy.
   * @param note is given what it warned of, a line each, whether it answers or fails.
   */
  async during<Result>(
    ask: () => Result | Promise<Result>,
    note: (lines: readonly string[]) => void,
  ): Promise<Result> {
    const heard: string[] = [];
    this.#heard = heard;
    try {
      return await ask();
    } finally {
      this.#heard = undefined;
      note(heard);
    }
  }
}

const ignore = (): void => undefined;

function refuse(): Promise<never> {
  return Promise.reject(new Error('nothing is fetched before a policy is asked'));
}

/** The messages of an error and of what caused it. */
function reasons(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth === 3) return [];
  return [error.message, ...reasons(error.cause, depth + 1)].filter((message) => message !== '');
}

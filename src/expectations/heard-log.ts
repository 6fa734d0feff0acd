import type { Logger } from '../core/logger.ts';
import { messageOf } from '../core/message-of.ts';

/** The operational log of a gateway in a test: what it warns of, a line each. */
export class HeardLog implements Logger {
  #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  clear(): void {
    this.#lines = [];
  }

  debug(): void {}

  info(): void {}

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#hear(fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#hear(fields, message);
  }

  #hear({ policy, err }: Readonly<Record<string, unknown>>, message: string): void {
    const who = typeof policy === 'string' ? `${policy}: ` : '';
    const why = err === undefined ? '' : `: ${reasonsOf(err).join(': ')}`;
    this.#lines.push(`${who}${message}${why}`);
  }
}

/** The messages of an error and of what caused it. */
function reasonsOf(thrown: unknown, depth = 0): string[] {
  const own = messageOf(thrown);
  const cause = thrown instanceof Error && depth < 3 && thrown.cause !== undefined;
  return [own, ...(cause ? reasonsOf(thrown.cause, depth + 1) : [])].filter((text) => text !== '');
}

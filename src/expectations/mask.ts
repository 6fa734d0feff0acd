import { masked, maskQuery } from '../observe/mask-query.ts';
import { maskText } from '../observe/mask-secrets.ts';
import { isSecretName } from '../observe/secret-names.ts';
import type { Difference } from './difference.ts';

/** The shortest text that is looked for wherever it may stand; shorter ones are all over every other text. */
const shortest = 6;

/** Takes out of a report what nobody should see: tokens, and what stands in the environment or a header under a name that promises a secret. */
export class ReportMask {
  readonly #secrets: readonly string[];

  /** @param environment what `${NAME}` in the configuration stands for. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#secrets = Object.entries(environment)
      .filter(([name, value]) => isSecretName(name) && value.length >= shortest)
      .map(([, value]) => value)
      .toSorted((a, b) => b.length - a.length);
  }

  /** Any text. */
  text(text: string): string {
    return maskText(this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, masked), text));
  }

  /** A method and a path, with a query in which parameters may be secret, and maybe more behind it. */
  line(line: string): string {
    // As it stands on the wire, an octet a character.
    const readable = Buffer.from(line, 'latin1').toString('utf8');
    return this.text(readable.replace(/\?\S+/, (query) => `?${maskQuery(query.slice(1))}`));
  }

  /** Both sides of a difference. */
  difference<Some extends Difference>(difference: Some): Some {
    const { path, expected, found } = difference;
    // What stands below `headers` and `body` are names that others have given.
    const below = path.slice(path.findIndex((key) => key === 'headers' || key === 'body') + 1);
    const secret =
      below.length < path.length && below.some((key) => typeof key === 'string' && isSecretName(key));
    const hide = (text: string | undefined): string | undefined => {
      if (text === undefined) return undefined;
      if (secret) return `${masked} (${text.length} characters)`;
      return path.at(-1) === 'request' ? this.line(text) : this.text(text);
    };
    return { ...difference, expected: hide(expected), found: hide(found) };
  }
}

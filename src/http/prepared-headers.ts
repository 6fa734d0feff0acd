import { isFieldName, isFieldValue } from './field.ts';
import { HeaderList } from './header-list.ts';

/** Lines that are sent again and again: one text, checked and cut once, so that each time they leave as one slice. */
export class PreparedHeaders {
  readonly #text: string;
  readonly #spans: readonly number[];

  private constructor(text: string, spans: readonly number[]) {
    this.#text = text;
    this.#spans = spans;
  }

  /** @returns undefined when one of them could not be written as it stands. */
  static from(lines: readonly (readonly [name: string, value: string])[]): PreparedHeaders | undefined {
    let text = '';
    const spans: number[] = [];
    for (const [name, value] of lines) {
      if (!isFieldName(name) || !isFieldValue(value)) return undefined;
      const start = text.length;
      text += `${name}: ${value}\r\n`;
      spans.push(start, start + name.length, start + name.length + 2, text.length - 2);
    }
    return new PreparedHeaders(text, spans);
  }

  /** The lines, for one message. */
  list(): HeaderList {
    return new HeaderList(this.#text, this.#spans.slice());
  }
}

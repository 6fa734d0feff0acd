import { identityVariables } from '../config/checks/identity.ts';
import type { Config } from '../config/schema.ts';
import type { Exchange } from '../core/exchange.ts';
import { compileHeaderTemplate, type HeaderTemplate } from '../core/header-template.ts';
import type { HeaderList } from '../http/header-list.ts';
import { isReservedName, LookAlikes } from '../http/look-alikes.ts';

/** A header that says who is asking. */
interface IdentityHeader {
  readonly name: string;
  readonly value: HeaderTemplate;
  /** The name and all that services may take for it. */
  readonly spellings: LookAlikes;
}

/** How a snapshot tells services who is asking: by headers that nobody else can send. */
export class Identity {
  readonly #headers: readonly IdentityHeader[];
  readonly #names: LookAlikes;

  constructor({ headers }: Config['identity']) {
    this.#names = new LookAlikes(Object.keys(headers));
    this.#headers = Object.entries(headers).map(([name, source]) => ({
      name,
      value: compileHeaderTemplate(source, [], identityVariables),
      spellings: new LookAlikes([name]),
    }));
  }

  /** Takes what a client says about itself out of its request, and says how many lines there were. */
  removeFrom(headers: HeaderList): number {
    return this.#headers.length === 0 ? 0 : headers.deleteLookAlikes(this.#names);
  }

  /** Whether only the gateway may send a header, or a trailer, of this name. */
  owns(name: string): boolean {
    return this.#names.has(name) || isReservedName(name, 0, name.length);
  }

  /**
   * The lines that say who is asking, each with its CRLF; none when nobody is known to. What a policy has written under these
   * names is taken out of the headers.
   * @throws GatewayError `bad_request` when a claim holds a control character.
   */
  linesFor(exchange: Exchange): string {
    if (exchange.consumer === undefined) return '';
    let lines = '';
    for (const { name, value, spellings } of this.#headers) {
      const text = value.render(exchange);
      if (text === '') continue;
      exchange.request.headers.deleteAdded(spellings);
      lines += `${name}: ${text}\r\n`;
    }
    return lines;
  }
}

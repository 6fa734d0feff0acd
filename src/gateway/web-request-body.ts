import { isUint8Array } from 'node:util/types';
import { GatewayError } from '../core/errors.ts';

/**
 * The body of a web `Request`, read as it came: whoever made it may have put anything into its stream, and no parser has
 * counted its octets against its head.
 */
export class WebRequestBody {
  readonly #request: Request;
  readonly #announced: number | undefined;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;
  #octets = 0;

  /** @param request whose head has been read as strictly as any other. */
  constructor(request: Request) {
    this.#request = request;
    const announced = request.headers.get('content-length');
    this.#announced = announced === null ? undefined : Number(announced);
  }

  /**
   * @returns the next of it; undefined at its end.
   * @throws GatewayError `bad_framing` when it is longer or shorter than its head says, `client_aborted` when it breaks off;
   *   TypeError for something other than octets.
   */
  async next(): Promise<Uint8Array | undefined> {
    const value = await this.#read();
    const announced = this.#announced;
    if (value === undefined) {
      if (announced !== undefined && this.#octets < announced)
        throw new GatewayError('bad_framing', `${this.#octets} of ${announced} octets announced`);
      return undefined;
    }
    // Of anything else it is not known how many octets are written, and what ends there.
    if (!isUint8Array(value))
      throw new TypeError(
        'the body of the request yields something other than octets: it is a stream of Uint8Array',
      );
    this.#octets += value.length;
    if (announced !== undefined && this.#octets > announced)
      throw new GatewayError('bad_framing', `more than the ${announced} octets announced`);
    return value;
  }

  async #read(): Promise<unknown> {
    try {
      this.#reader ??= this.#request.body?.getReader();
      return (await this.#reader?.read())?.value;
    } catch (cause) {
      throw new GatewayError('client_aborted', 'the body of the request broke off', { cause });
    }
  }

  /** Nobody wants the rest: its source may stop. What has not been read at all is left as it is. */
  cancel(): void {
    this.#reader?.cancel().catch(() => undefined);
  }
}

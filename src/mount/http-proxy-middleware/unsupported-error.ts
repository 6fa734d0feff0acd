/** Something of http-proxy-middleware that there is no such thing for here: the message names what there is. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  readonly code = 'WAYGATE_UNSUPPORTED';

  /**
   * @param what as the program has it, such as `the option "forward"`.
   * @param instead what to write in its place.
   */
  constructor(what: string, instead: string) {
    super(`[waygate] ${what} is not supported: ${instead}`);
  }
}

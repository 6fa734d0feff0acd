import type { HeaderList } from '../http/header-list.ts';
import type { GatewayError } from './errors.ts';

/** The head of a target's final answer, hop-by-hop lines and framing taken out. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: HeaderList;
  /** Octets of the body; −1 when not known before its end; for an answer to HEAD and a 304, what its header said, or −1. */
  readonly length: number;
  /** False for HEAD, 204, 304. */
  readonly hasBody: boolean;
  /** `text/event-stream`: it lasts, and may be quiet for long. */
  readonly isEventStream: boolean;
}

/** What happens on the target's side of an exchange, in the order it happens. */
export interface UpstreamHandler {
  /** 103 and its like; never 100 and 101. */
  onInterim(status: number, headers: HeaderList): void;
  onUpstreamHead(response: UpstreamResponse): void;
  /** The target answered 101: from here on both directions are raw. */
  onUpgrade(headers: HeaderList): void;
  onResponseBody(chunk: Uint8Array): void;
  onResponseEnd(trailers: HeaderList | undefined): void;
  /**
   * The target takes more of the request's body.
   * @param taken whether nothing of what was handed over so far is held any more.
   */
  onUpstreamDrain(taken: boolean): void;
  /** The target does not take more at once: pause the client until `onUpstreamDrain`. */
  onUpstreamBackpressure(): void;
  onUpstreamError(error: GatewayError): void;
  /** One read of the target's socket is about to be handed over. */
  onBatchStart(): void;
  /**
   * One read of the target's socket has been handed over.
   * @returns true when nothing of it is held any more, so that its memory may be used again; false when in doubt.
   */
  onBatchEnd(): boolean;
}

import type { Reply } from '../core/exchange.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Receiver } from '../gateway/receiver.ts';
import { WebDownstream } from '../gateway/web-downstream.ts';
import type { HeaderLine } from './observation.ts';
import type { WireRequest } from './wire-request.ts';

/** An answer, read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  /** The code of the error, where it was no request at all. */
  readonly refused: string | undefined;
}

/**
 * Hands a request to a gateway as it stands on the wire, and reads the answer.
 * @throws the error with which it breaks off.
 */
export async function askInMemory(
  { wheel, receiver }: { readonly wheel: TimerWheel; readonly receiver: Receiver },
  { head, body, ip }: WireRequest,
): Promise<Answered> {
  // Only its body, its length and its signal are looked at: the head is the one on the wire.
  const announced = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(head)?.[1];
  const request = new Request('http://gateway.test', {
    method: 'POST',
    ...(announced !== undefined && { headers: { 'content-length': announced } }),
    ...(body.length > 0 && { body: Uint8Array.from(body) }),
  });
  const downstream = new WebDownstream(request, wheel);
  const reception = receiver.receive({ head, peerIp: ip, downstream }, false);
  if (reception.kind === 'refused') return fromReply(reception.reply, reception.error.code);
  if (reception.kind === 'no-route')
    throw new TypeError('a gateway of its own answers what no route matches');
  downstream.begin(reception.handler);
  const response = await downstream.response;
  const headers = [...response.headers].map(([name, value]): HeaderLine => [name, value]);
  return { status: response.status, headers, body: await response.text(), refused: undefined };
}

function fromReply({ status, headers = [], body }: Reply, refused: string): Answered {
  const lines = [...headers].map(([name, value]): HeaderLine => [name, value]);
  return { status, headers: lines, body: typeof body === 'string' ? body : '', refused };
}

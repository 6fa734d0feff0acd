/** What reading a head costs: llhttp by itself, with the reader around it, and with the checks of requests and answers. */
import { HPE, Llhttp, REQUEST, RESPONSE } from '../../src/http1/llhttp.ts';
import { COMPLETE, MessageReader } from '../../src/http1/message-reader.ts';
import { createHeadMemory, readRequestHead } from '../../src/http1/request-head.ts';
import { readResponseHead } from '../../src/http1/response-head.ts';
import { requestText, responseText } from './messages.ts';
import { Meter } from './meter.ts';

const limits = { headerBytes: 16 * 1024, headerCount: 100, targetBytes: 8 * 1024 };

export function parse(meter: Meter): void {
  const llhttp = new Llhttp();
  const request = Buffer.from(requestText, 'latin1');
  const response = Buffer.from(responseText, 'latin1');
  const memory = createHeadMemory();

  const events = {
    onUrl: () => {},
    onHeaderField: () => {},
    onHeaderValue: () => {},
    onBody: () => {},
    onHeadersComplete: () => 0,
    onMessageComplete: () => 0,
  };
  const parser = llhttp.acquire(REQUEST);
  meter.time('request, 10 headers: llhttp by itself', 200_000, () => {
    if (llhttp.execute(parser, events, request, 0) !== HPE.OK) throw new Error(llhttp.reason(parser));
    return llhttp.consumed;
  });

  const requests = new MessageReader(llhttp, REQUEST);
  const readRequest = (): MessageReader => {
    if (requests.readHead(request, 0) !== COMPLETE) throw new Error('the request is not complete');
    return requests;
  };
  meter.time('request, 10 headers: llhttp and the reader', 200_000, () => {
    const size = readRequest().spans.length;
    requests.skipBody();
    requests.clearHead();
    return size;
  });
  meter.time('request, 10 headers: to the checked request', 200_000, () => {
    const { path } = readRequestHead(readRequest(), limits, memory);
    requests.skipBody();
    requests.clearHead();
    return path.length;
  });

  const responses = new MessageReader(llhttp, RESPONSE);
  meter.time('answer, 8 headers: to the checked answer', 200_000, () => {
    if (responses.readHead(response, 0) !== COMPLETE) throw new Error('the answer is not complete');
    const { length } = readResponseHead(responses, false);
    responses.skipBody();
    responses.clearHead();
    return length;
  });

  meter.time('naive: split at line ends and colons, into a Map', 200_000, () => {
    const headers = new Map<string, string>();
    for (const line of request.latin1Slice().split('\r\n').slice(1, -2)) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return headers.size;
  });
}

if (import.meta.main) parse(new Meter());

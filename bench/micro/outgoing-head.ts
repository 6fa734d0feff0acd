/** What the head of the request to the target costs, and that of the answer to the client. */
import { HeaderList } from '../../src/http/header-list.ts';
import { Llhttp, REQUEST, RESPONSE } from '../../src/http1/llhttp.ts';
import { COMPLETE, MessageReader } from '../../src/http1/message-reader.ts';
import { createHeadMemory, readRequestHead } from '../../src/http1/request-head.ts';
import { writeRequestHead } from '../../src/http1/request-writer.ts';
import { readResponseHead } from '../../src/http1/response-head.ts';
import { writeResponseHead } from '../../src/http1/response-writer.ts';
import { requestText, responseText } from './messages.ts';
import { Meter } from './meter.ts';

const calls = 300_000;
const limits = { headerBytes: 16 * 1024, headerCount: 100, targetBytes: 8 * 1024 };
const added =
  'Via: 1.1 waygate-0123abcd\r\nX-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: api.example.com\r\n';
const date = 'Sun, 22 Nov 2026 16:00:00 GMT';

export function outgoingHead(meter: Meter): void {
  const received = readHead(requestText, REQUEST);
  const request = readRequestHead(received, limits, createHeadMemory());
  const { method, path, query } = request;
  // Nothing is remembered from one call to the next: each has a list of its own, as each request has.
  const fresh = (): HeaderList => new HeaderList(received.text, received.spans.slice());
  const write = (headers: HeaderList): number =>
    flat(writeRequestHead({ method, path, query, headers, length: 0, added }, '127.0.0.1:3001'));

  meter.time('request head, as received', calls, () => write(fresh()));
  meter.time('request head, a header set and one removed', calls, () => {
    const headers = fresh();
    headers.delete('cookie');
    headers.delete('x-client');
    headers.append('x-client', '192.0.2.7');
    return write(headers);
  });
  meter.time('naive: request head, name by name', calls, () => {
    let text = `${method} ${path}?${query ?? ''} HTTP/1.1\r\nHost: 127.0.0.1:3001\r\n`;
    for (const [name, value] of fresh()) text += `${name}: ${value}\r\n`;
    return flat(`${text}${added}\r\n`);
  });

  const answer = readHead(responseText, RESPONSE);
  readResponseHead(answer, false);
  const framing = { framing: 'length', length: 116, keepAlive: true, http10: false, date } as const;
  meter.time('answer head, as received', calls, () => {
    const headers = new HeaderList(answer.text, answer.spans.slice());
    return flat(writeResponseHead({ status: 200, headers, from: 'target' }, framing));
  });
}

/** A reader that has read this head. */
function readHead(text: string, type: typeof REQUEST | typeof RESPONSE): MessageReader {
  const reader = new MessageReader(new Llhttp(), type);
  if (reader.readHead(Buffer.from(text, 'latin1'), 0) !== COMPLETE)
    throw new Error('the head is not complete');
  return reader;
}

const output = Buffer.alloc(4096);

/** Writes a text out, as a socket does: until then it is a tree of its parts, and half of the work is not done. */
function flat(text: string): number {
  return output.write(text, 0, 'latin1');
}

if (import.meta.main) outgoingHead(new Meter());

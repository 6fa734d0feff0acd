import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import type { ResponseHeadFraming } from './response-writer.ts';
import { statusLine, writeResponseHead } from './response-writer.ts';

const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
const framing: ResponseHeadFraming = { framing: 'length', length: 5, keepAlive: true, http10: false, date };

function write(
  change: Partial<ResponseHeadFraming> = {},
  headers: readonly (readonly [string, string])[] = [],
): string {
  const head = { status: 200, headers: HeaderList.from(headers), from: 'target' } as const;
  return writeResponseHead(head, { ...framing, ...change });
}

describe('statusLine', () => {
  it('has the registered reason, and an empty one where there is none', () => {
    assert.equal(statusLine(200), 'HTTP/1.1 200 OK\r\n');
    assert.equal(statusLine(404), 'HTTP/1.1 404 Not Found\r\n');
    assert.equal(statusLine(599), 'HTTP/1.1 599 \r\n');
  });
});

describe('writeResponseHead', () => {
  it('adds length and date where they are missing', () => {
    assert.equal(write(), `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: ${date}\r\n\r\n`);
    assert.equal(
      write({}, [
        ['Date', 'x'],
        ['Content-Length', '5'],
      ]),
      'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\n',
    );
  });

  it('says chunked, or nothing for a body that ends with the connection', () => {
    assert.match(write({ framing: 'chunked', length: -1 }), /\r\nTransfer-Encoding: chunked\r\n/);
    assert.doesNotMatch(write({ framing: 'close', length: -1 }), /Content-Length|Transfer-Encoding/);
  });

  it('names no length for an answer without a body of which none is known', () => {
    assert.doesNotMatch(write({ framing: 'none', length: -1 }), /Content-Length|Transfer-Encoding/);
    assert.match(write({ framing: 'none', length: 7 }), /\r\nContent-Length: 7\r\n/);
    assert.match(write({ framing: 'none', length: 0 }), /\r\nContent-Length: 0\r\n/);
  });

  it('says what becomes of the connection: close always, keep-alive to HTTP/1.0', () => {
    assert.doesNotMatch(write(), /Connection/);
    assert.match(write({ keepAlive: false }), /\r\nConnection: close\r\n\r\n$/);
    assert.match(write({ http10: true }), /\r\nConnection: keep-alive\r\n\r\n$/);
    assert.match(write({ http10: true, keepAlive: false }), /\r\nConnection: close\r\n\r\n$/);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import type { RequestLines } from './request-writer.ts';
import { writeRequestHead } from './request-writer.ts';

const plain: RequestLines = {
  method: 'GET',
  path: '/a',
  query: undefined,
  headers: HeaderList.from([['X-A', 'b']]),
  length: 0,
  added: 'Via: 1.1 gw\r\n',
};

describe('writeRequestHead', () => {
  it('puts Host first, then the headers, then ours', () => {
    assert.equal(
      writeRequestHead({ ...plain, query: 'x=1&y' }, 'target.test:81'),
      'GET /a?x=1&y HTTP/1.1\r\nHost: target.test:81\r\nX-A: b\r\nVia: 1.1 gw\r\n\r\n',
    );
  });

  it('keeps an empty query', () => {
    assert.match(writeRequestHead({ ...plain, query: '' }, 'a'), /^GET \/a\? HTTP/);
  });

  for (const [method, length, declared, framing] of [
    ['GET', 0, undefined, []],
    ['DELETE', 0, undefined, []],
    ['POST', 0, undefined, ['Content-Length: 0']],
    ['PUT', 0, undefined, ['Content-Length: 0']],
    ['PATCH', 0, '0', ['Content-Length: 0']],
    ['POST', 5, '5', ['Content-Length: 5']],
    ['POST', 5, undefined, ['Content-Length: 5']],
    ['GET', 5, '5', ['Content-Length: 5']],
    ['POST', -1, undefined, ['Transfer-Encoding: chunked']],
    ['GET', -1, undefined, ['Transfer-Encoding: chunked']],
  ] as const) {
    it(`frames ${method} with a body of ${length}, declared ${declared}, by ${JSON.stringify(framing)}`, () => {
      const headers = HeaderList.from(declared === undefined ? [] : [['Content-Length', declared]]);
      const lines = writeRequestHead({ ...plain, method, headers, length }, 'a').split('\r\n');
      assert.deepEqual(
        lines.filter((line) => /^(content-length|transfer-encoding):/i.test(line)),
        framing,
      );
    });
  }
});

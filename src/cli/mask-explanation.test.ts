import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Explanation, ExplainedEnd } from '../gateway/explain.ts';
import { bodyText } from './explanation-text.ts';
import { maskExplanation } from './mask-explanation.ts';

function explanation(end: ExplainedEnd, notes: readonly string[] = []): Explanation {
  return {
    request: { method: 'GET', host: 'a', path: '/x', query: 'a=1&access_token=canary-q&b=2' },
    clientIp: '192.0.2.1',
    route: '/x',
    params: {},
    preflight: false,
    considered: [],
    policies: [{ name: 'p', from: 'route', verdict: 'passes', notes }],
    consumer: undefined,
    end,
  };
}

const forwarded = (head: string): ExplainedEnd => ({
  type: 'forwarded',
  upstream: 'a',
  targets: ['http://a'],
  head,
});

function headOf({ end }: Explanation): string {
  assert.ok(end.type === 'forwarded');
  return end.head;
}

describe('an explanation that is shown has no credentials (F195)', () => {
  it('in headers whose names promise one, of which the scheme is left', () => {
    const head =
      'GET /x?a=1&token=canary-q HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer canary-a\r\nauthorization: canary-b\r\nCookie: s=canary-c\r\nX-Api-Key: canary-d\r\nAccept: */*\r\n\r\n';
    const shown = maskExplanation(explanation(forwarded(head)), [], []);
    assert.equal(
      headOf(shown),
      'GET /x?a=1&token=*** HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ***\r\nauthorization: ***\r\nCookie: ***\r\nX-Api-Key: ***\r\nAccept: */*\r\n\r\n',
    );
    assert.equal(shown.request?.query, 'a=1&access_token=***&b=2');
  });

  it('wherever a policy has put what stood in the query, as it stood there or decoded', () => {
    const base = explanation({
      type: 'answered',
      policy: 'redirect',
      reply: { status: 307, headers: [['location', 'https://x/?to=api_key=canary%2Dkey;canary-key;other']] },
    });
    const request = { method: 'GET', host: 'a', path: '/x', query: 'api_key=canary%2Dkey&b=other' };
    const { end } = maskExplanation({ ...base, request }, [], []);
    assert.ok(end.type === 'answered');
    assert.deepEqual([...(end.reply.headers ?? [])], [['location', 'https://x/?to=api_key=***;***;other']]);
  });

  it('wherever a policy has put what the request came with', () => {
    const head = 'GET /canary-key%22 HTTP/1.1\r\nX-Copy: canary-key"\r\nX-Cookie: canary-cookie\r\n\r\n';
    const shown = maskExplanation(
      explanation(forwarded(head), ['it was canary-token, or eyJhbGciOi.eyJzdWI.c2ln']),
      ['Cookie: a=1; session=canary-cookie', 'Authorization: Bearer canary-token', 'Accept: text/html'],
      ['canary-key"'],
    );
    assert.doesNotMatch(JSON.stringify(shown), /canary|eyJ/);
    assert.match(JSON.stringify(shown), /Bearer|X-Copy: \*\*\*/);
  });

  it('in a reply: its headers, its body as text and as octets', () => {
    const reply = { status: 200, headers: new Map([['x-a', 'canary-token']]), body: '{"a":"canary-token"}' };
    const octets = { ...reply, body: Buffer.from('canary-token ✓') };
    for (const each of [reply, octets]) {
      const { end } = maskExplanation(
        explanation({ type: 'answered', policy: 'p', reply: each }),
        [],
        ['canary-token'],
      );
      assert.ok(end.type === 'answered');
      assert.deepEqual([...(end.reply.headers ?? [])], [['x-a', '***']]);
      const body = bodyText(end.reply.body) ?? '';
      assert.match(body, /\*\*\*/);
      assert.doesNotMatch(body, /canary/);
      if (each === octets) assert.equal(body, '*** ✓');
    }
  });

  it('and all else as it was', () => {
    const plain = {
      ...explanation(forwarded('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'), ['fine']),
      request: undefined,
    };
    assert.deepEqual(maskExplanation(plain, ['Accept: */*'], []), plain);
  });
});

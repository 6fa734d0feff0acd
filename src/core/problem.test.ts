import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorKinds, GatewayError, type ErrorCode } from './errors.ts';
import type { Reply } from './exchange.ts';
import { problemOf, problemReply } from './problem.ts';

function header(reply: Reply, name: string): string | undefined {
  return new Map(reply.headers).get(name);
}

describe('problemReply', () => {
  it('answers application/problem+json with its members in the documented order', () => {
    const reply = problemReply(
      { status: 403, detail: 'This address is not allowed.', code: 'ip_refused' },
      { id: 'req-1' },
    );
    assert.equal(reply.status, 403);
    assert.equal(header(reply, 'content-type'), 'application/problem+json');
    assert.equal(
      reply.body,
      '{"title":"Forbidden","status":403,"detail":"This address is not allowed.","code":"ip_refused","requestId":"req-1"}',
    );
  });

  it('leaves out a detail that there is not, and takes a title of its own', () => {
    assert.equal(
      problemReply({ status: 418, title: 'I am a teapot', code: 'teapot' }, { id: 'x' }).body,
      '{"title":"I am a teapot","status":418,"code":"teapot","requestId":"x"}',
    );
    assert.match(String(problemReply({ status: 599, code: 'x' }, { id: 'x' }).body), /"title":"Status 599"/);
  });

  it('has members of a kind of its own behind those that all have', () => {
    assert.equal(
      problemReply({ status: 403, code: 'x', members: { rule: 'own' } }, { id: 'y' }).body,
      '{"title":"Forbidden","status":403,"code":"x","requestId":"y","rule":"own"}',
    );
  });

  it('has further lines behind those that all have', () => {
    const headers = [['retry-after', '7']] as const;
    assert.deepEqual(
      [...(problemReply({ status: 503, code: 'x', headers }, { id: 'y' }).headers ?? [])].at(-1),
      ['retry-after', '7'],
    );
  });

  it('is never stored by a cache (F111)', () => {
    assert.equal(header(problemReply({ status: 404, code: 'x' }, { id: 'x' }), 'cache-control'), 'no-store');
  });

  it('escapes what a client has put into the id', () => {
    const id = '"},"admin":true,"x":"\u2028\n';
    const body: unknown = JSON.parse(String(problemReply({ status: 400, code: 'x' }, { id }).body));
    assert.deepEqual(body, { title: 'Bad Request', status: 400, code: 'x', requestId: id });
  });
});

describe('problemOf', () => {
  it('shows the public sentence of every code and never the detail', () => {
    const codes = Object.keys(errorKinds) as ErrorCode[];
    assert.ok(codes.length > 20);
    for (const code of codes) {
      const reply = problemOf(new GatewayError(code, 'secret detail'), 'req-1');
      assert.equal(reply.status, errorKinds[code].status);
      assert.ok(typeof reply.body === 'string');
      assert.doesNotMatch(reply.body, /secret/);
      const body = JSON.parse(reply.body) as Record<string, unknown>;
      assert.deepEqual(Object.keys(body), ['title', 'status', 'detail', 'code', 'requestId']);
      assert.equal(body['detail'], errorKinds[code].sentence);
      assert.equal(body['code'], code);
    }
  });

  it('tells a client when to come back from a 503', () => {
    assert.equal(header(problemOf(new GatewayError('overloaded', ''), 'x'), 'retry-after'), '1');
    assert.equal(header(problemOf(new GatewayError('upstream_busy', ''), 'x'), 'retry-after'), '1');
    assert.equal(header(problemOf(new GatewayError('bad_path', ''), 'x'), 'retry-after'), undefined);
  });
});

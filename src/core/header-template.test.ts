import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { isFieldValue } from '../http/field.ts';
import { GatewayError } from './errors.ts';
import { compileHeaderTemplate } from './header-template.ts';
import { TemplateError } from './template.ts';

function render(source: string, id: string): string {
  return compileHeaderTemplate(source, ['id']).render(fakeExchange({ params: { id } }));
}

describe('compileHeaderTemplate', () => {
  it('renders values that may stand in a header', () => {
    assert.equal(render('user-${params.id}', '7'), 'user-7');
  });

  for (const [what, value] of [
    ['CR LF', 'a\r\nx-admin: 1'],
    ['a bare LF', 'a\nb'],
    ['a bare CR', 'a\rb'],
    ['NUL', 'a\0b'],
    ['another control', 'a\x1bb'],
    ['DEL', 'a\x7fb'],
    ['a C1 control', 'a\x85b'],
    ['an unpaired surrogate', 'a\ud800b'],
  ] as const) {
    it(`rejects a path parameter with ${what} with 400, never sending it (F63)`, () => {
      assert.throws(() => render('${params.id}', value), { name: 'GatewayError', code: 'bad_path' });
    });
  }

  it('rejects a consumer id with CR LF, as a claim may hold one (F63)', () => {
    const template = compileHeaderTemplate('${consumer.id}', []);
    const exchange = fakeExchange({ consumer: { id: 'ada\r\nx-role: admin' } });
    assert.throws(() => template.render(exchange), { name: 'GatewayError', code: 'bad_request' });
  });

  it('keeps what it rejects out of the message', () => {
    try {
      render('${params.id}', 'secret\n');
      assert.fail('it was accepted');
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      assert.doesNotMatch(error.message, /secret/);
    }
  });

  it('sends Unicode text as UTF-8 octets, so that different texts stay different', () => {
    assert.equal(render('${params.id}', 'é'), '\xc3\xa9');
    assert.equal(render('${params.id}', '日本'), Buffer.from('日本').toString('latin1'));
    assert.equal(compileHeaderTemplate('é', []).constant, '\xc3\xa9');
  });

  it('does not let a character above U+00FF lose its upper half and become a line feed', () => {
    // U+010D U+010A cut to one octet each are CR LF.
    const exchange = fakeExchange({ id: 'a\u010d\u010ab' });
    const value = compileHeaderTemplate('${request.id}', []).render(exchange);
    assert.equal(value, Buffer.from('a\u010d\u010ab').toString('latin1'));
    assert.ok(isFieldValue(value));
  });

  it('relays the octets of a received header unchanged', () => {
    const exchange = fakeExchange({ headers: { 'x-name': 'caf\xe9' } });
    assert.equal(compileHeaderTemplate('${request.header.x-name}', []).render(exchange), 'caf\xe9');
  });

  it('is empty when every variable is, whatever stands around them', () => {
    const template = compileHeaderTemplate('Bearer ${request.header.x-token}', []);
    assert.equal(template.render(fakeExchange()), '');
    assert.equal(template.render(fakeExchange({ headers: { 'x-token': 't' } })), 'Bearer t');
  });

  it('drops white space at the ends', () => {
    assert.equal(render('${params.id}', ' \t7 '), '7');
    assert.equal(render('${params.id}', '  '), '');
    assert.equal(compileHeaderTemplate(' a b\n', []).constant, 'a b');
  });

  it('refuses a fixed text with a line break when the configuration is loaded', () => {
    assert.throws(() => compileHeaderTemplate('a\r\nb', []), TemplateError);
    assert.throws(() => compileHeaderTemplate('a\n${params.id}', ['id']), TemplateError);
  });

  it('renders a valid field value or throws, for every text', () => {
    const template = compileHeaderTemplate('a ${params.id}${consumer.id}${request.id}', ['id']);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        (param, consumer, id) => {
          try {
            const value = template.render(
              fakeExchange({ params: { id: param }, consumer: { id: consumer }, id }),
            );
            assert.ok(isFieldValue(value));
            assert.doesNotMatch(value, /^[ \t]|[ \t]$/);
          } catch (error) {
            assert.ok(error instanceof GatewayError && error.status === 400, String(error));
          }
        },
      ),
    );
  });
});

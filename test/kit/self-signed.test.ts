import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { selfSigned } from './self-signed.ts';

test('a certificate is for the names it was made for, signed by its own key, and valid for its days', () => {
  const { cert, key } = selfSigned(['users.test', 'other.test', '127.0.0.1']);
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.checkHost('users.test'), 'users.test');
  assert.equal(certificate.checkHost('other.test'), 'other.test');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkHost('elsewhere.test'), undefined);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.ok(certificate.ca);
  assert.ok(certificate.validFromDate < new Date() && certificate.validToDate > new Date());
  assert.ok(new X509Certificate(selfSigned(['a'], -1).cert).validToDate < new Date());
});

test('a certificate is well-formed whatever the length of its names', () => {
  for (let length = 1; length < 60; length++) {
    const { cert, key } = selfSigned(['n'.repeat(length)]);
    assert.ok(createSecureContext({ cert, key, ca: cert }).context !== undefined);
  }
});

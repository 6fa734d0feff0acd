import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isForbiddenAddress, isLoopback, readTarget } from './target.ts';

describe('readTarget', () => {
  const readings = [
    [
      'http://localhost:3001',
      { url: 'http://localhost:3001', protocol: 'http', host: 'localhost', port: 3001 },
    ],
    [
      'http://Users.Internal',
      { url: 'http://users.internal', protocol: 'http', host: 'users.internal', port: 80 },
    ],
    [
      'https://users.internal/',
      { url: 'https://users.internal', protocol: 'https', host: 'users.internal', port: 443 },
    ],
    ['HTTP://127.1:80', { url: 'http://127.0.0.1', protocol: 'http', host: '127.0.0.1', port: 80 }],
    ['http://[0:0::1]:3001', { url: 'http://[::1]:3001', protocol: 'http', host: '::1', port: 3001 }],
    [
      'http://bücher.example',
      { url: 'http://xn--bcher-kva.example', protocol: 'http', host: 'xn--bcher-kva.example', port: 80 },
    ],
  ] as const;
  for (const [text, target] of readings) {
    test(`reads ${text}`, () => {
      assert.deepEqual(readTarget(text), target);
    });
  }

  const refused = [
    '',
    'x',
    '//x',
    'http:/x',
    'http:x',
    'http://',
    'http://x/y',
    'http://x?',
    'http://x#',
    'http://@x',
    'http://a:b@x',
    'http://x:0',
    'http://x:65536',
    'http://x y',
    ' http://x',
    'http://x\n',
    'http://x\\y',
    'http://[::1',
    'http://[fe80::1%25eth0]',
    'ws://x',
    'file:///x',
    'unix:/x',
    '/x',
    'data:,x',
    'javascript:x',
    'http://1.2.3.256',
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.ok('mistake' in readTarget(text));
    });
  }
});

describe('isForbiddenAddress', () => {
  const forbidden = [
    '169.254.169.254',
    '169.254.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '255.255.255.255',
    '100.100.100.200',
    '168.63.129.16',
    '::',
    'fe80::1',
    'febf::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:0:0',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    'metadata.google.internal',
    'metadata.google.internal.',
  ];
  for (const address of forbidden) {
    test(`says yes to ${address}`, () => {
      assert.ok(isForbiddenAddress(address));
    });
  }
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '8.8.8.8',
    'fd00::1',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    'localhost',
    'users',
  ]) {
    test(`says no to ${address}`, () => {
      assert.ok(!isForbiddenAddress(address));
    });
  }
});

test('loopback is 127.0.0.0/8, ::1 and localhost in any spelling', () => {
  for (const host of [
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
    'users.localhost',
    'localhost.',
  ]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ['128.0.0.1', '::2', 'localhost.example.com', 'notlocalhost', ''])
    assert.ok(!isLoopback(host), host);
});

import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

/** A certificate that signed itself, with its key, both PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

const oids = {
  commonName: '550403',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
  ecdsaWithSha256: '2a8648ce3d040302',
} as const;

/**
 * A certificate for tests, its own authority.
 * @param names host names, and IPv4 addresses, that it is for.
 * @param days how long it is valid from now on; negative is expired.
 */
export function selfSigned(names: readonly string[], days = 30): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const algorithm = sequence(objectId(oids.ecdsaWithSha256));
  const name = sequence(der(0x31, sequence(objectId(oids.commonName), text(names[0] ?? 'test'))));
  const now = Date.now();
  const from = now - 400 * 86_400_000;
  // RFC 5280 §4.1
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    sequence(time(from), time(now + days * 86_400_000)),
    name,
    publicKey,
    der(
      0xa3,
      sequence(
        extension(oids.basicConstraints, sequence(der(0x01, Buffer.of(0xff)))),
        extension(oids.subjectAltName, sequence(...names.map(alternativeName))),
      ),
    ),
  );
  const signature = sign('sha256', tbs, createPrivateKey(privateKey));
  const certificate = sequence(tbs, algorithm, bits(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return { cert, key: privateKey };
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), der(0x04, value));
}

function alternativeName(name: string): Buffer {
  const octets = /^[\d.]+$/.test(name) ? Buffer.from(name.split('.').map(Number)) : Buffer.from(name);
  return der(/^[\d.]+$/.test(name) ? 0x87 : 0x82, octets);
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function text(value: string): Buffer {
  return der(0x0c, Buffer.from(value));
}

function bits(value: Buffer): Buffer {
  return der(0x03, Buffer.of(0), value);
}

/** One value in the distinguished encoding of ASN.1 (X.690 §8.1). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

import { crc32 } from 'node:zlib';

/**
 * What stands first in everything that is given to a store of others: another number for each change of what follows, so that gateways of
 * two versions do not read each other's.
 */
const VERSION = 1;

/** The version, the checksum of all that follows it, and the length of the text: 1 + 4 + 4 octets. */
const PREFIX = 9;

/** A text and a body as one value, with a version and a checksum. */
export function seal(text: string, body: Uint8Array): Buffer {
  const length = Buffer.byteLength(text);
  const octets = Buffer.allocUnsafe(PREFIX + length + body.byteLength);
  octets.writeUInt8(VERSION, 0);
  octets.writeUInt32LE(length, 5);
  octets.write(text, PREFIX, 'utf8');
  octets.set(body, PREFIX + length);
  octets.writeUInt32LE(crc32(octets.subarray(5)), 1);
  return octets;
}

/** What was sealed; undefined when it was damaged, cut short, or sealed by another version. */
export function open(octets: Buffer): { readonly text: string; readonly body: Buffer } | undefined {
  if (octets.length < PREFIX || octets.readUInt8(0) !== VERSION) return undefined;
  const end = PREFIX + octets.readUInt32LE(5);
  if (end > octets.length || octets.readUInt32LE(1) !== crc32(octets.subarray(5))) return undefined;
  return { text: octets.toString('utf8', PREFIX, end), body: octets.subarray(end) };
}

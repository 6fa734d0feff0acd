import { isIP } from 'node:net';

/** Whether a text is an IP address, of either version. */
export function isIp(text: string): boolean {
  return isIP(text) !== 0;
}

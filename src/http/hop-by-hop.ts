/**
 * Fields that concern one connection only and are never relayed, whether or not `Connection` names them
 * (RFC 9110 §7.6.1, §11.7; RFC 9113 §3.2.1 for `http2-settings`). What `Connection` names comes on top.
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Whether a field stays on its connection.
 * @param lowerName the field's name in lower case.
 */
export function isHopByHop(lowerName: string): boolean {
  return hopByHop.has(lowerName);
}

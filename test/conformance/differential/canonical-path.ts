/**
 * The canonical path as DESIGN and the documentation describe it, written a second time and as plainly as can be, so
 * that the two can be compared: escapes of unreserved characters decoded, the others in upper case; characters that
 * clients send raw but must not (`"<>[]^{|}` and the backtick) escaped; dot segments resolved (RFC 3986 §5.2.4), then slashes merged.
 * Undefined for what is to be refused.
 */
export function expectedPath(raw: string): string | undefined {
  if (!raw.startsWith('/') || /[^\x21-\x7e]|[#?\\]/.test(raw)) return undefined;
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return undefined;
  // Escaped octets beside each other are UTF-8 together; raw characters are ASCII and stand alone.
  for (const [run] of raw.matchAll(/(?:%[0-9A-Fa-f]{2})+/g)) {
    const octets = Buffer.from(run.replaceAll('%', ''), 'hex');
    if (!isUtf8(octets) || octets.some((octet) => (octet < 0x20 && octet !== 0) || octet === 0x7f))
      return undefined;
  }
  const escaped = raw.replace(/["<>[\]^`{|}]/g, (char) => escapeOf(char.charCodeAt(0)));
  const decoded = escaped.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${hex.toUpperCase()}`;
  });
  const path = removeDotSegments(decoded).replace(/\/{2,}/g, '/');
  return hidesSomething(path) ? undefined : path;
}

/** RFC 3986 §5.2.4, letter by letter; only for paths that begin with a slash. */
function removeDotSegments(path: string): string {
  let input = path;
  let output = '';
  while (input !== '') {
    if (input.startsWith('/./')) input = input.slice(2);
    else if (input === '/.') input = '/';
    else if (input.startsWith('/../') || input === '/..') {
      input = input === '/..' ? '/' : input.slice(3);
      output = output.slice(0, Math.max(0, output.lastIndexOf('/')));
    } else {
      const next = input.indexOf('/', 1);
      const segment = next === -1 ? input : input.slice(0, next);
      output += segment;
      input = input.slice(segment.length);
    }
  }
  return output;
}

/** Whether somebody who decodes, once or many times over, finds a separator or a dot segment. */
function hidesSomething(path: string): boolean {
  for (let text = path, before = ''; text !== before;) {
    before = text;
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (text === before) return false;
    if (/[\\\0]/.test(text) || /\/\.{1,2}(?:\/|$)/.test(text)) return true;
    if (text.split('/').length > path.split('/').length) return true;
  }
  return false;
}

function isUtf8(octets: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
    return true;
  } catch {
    return false;
  }
}

function escapeOf(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** RFC 9110 §5.6.2 `tchar`. */
const tokenChars = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenChars[char.charCodeAt(0)] = 1;
}

/** Whether the text is a `token` (RFC 9110 §5.6.2): one character or more, no space, no delimiter. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (tokenChars[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}

/** Whether the text may be the name of a header line (RFC 9110 §5.1), in any case. */
export function isFieldName(text: string): boolean {
  return isToken(text);
}

/**
 * Whether the text may be written as the value of a header line (RFC 9110 §5.5): one octet a character, no controls
 * but tab. So it can neither end its line nor be cut short.
 */
export function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

/**
 * The members of a comma-separated list, in lower case and trimmed, without the empty ones (RFC 9110 §5.6.1.2). For
 * lists whose members are tokens: `Connection`, `TE`, `Upgrade`. Members are not checked, so that a member that is no
 * token, such as `trailers;q=0`, equals nothing that a caller looks for.
 */
export function parseTokenList(value: string): string[] {
  const members: string[] = [];
  const lower = value.toLowerCase();
  for (let start = 0; start <= lower.length;) {
    let end = lower.indexOf(',', start);
    if (end === -1) end = lower.length;
    const member = trimOws(lower, start, end);
    if (member !== '') members.push(member);
    start = end + 1;
  }
  return members;
}

/** A part of `text` without spaces and tabs at its ends (RFC 9110 §5.6.3 `OWS`); `trim` would take more. */
export function trimOws(text: string, start = 0, end: number = text.length): string {
  let from = start;
  let to = end;
  while (from < to && isOws(text.charCodeAt(from))) from++;
  while (to > from && isOws(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

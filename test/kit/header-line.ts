/** One header line as it stood on the wire, latin1, the white space around the value taken off. */
export type HeaderLine = readonly [name: string, value: string];

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 §5.5: visible characters, obs-text, and space or tab between them.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether the text is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text);
}

/**
 * Reads one line of a header or trailer section, given without its line end, and says everything that is wrong with it.
 * The line is read as leniently as can be: what is wrong is told, not thrown.
 */
export function readHeaderLine(line: string): {
  readonly line: HeaderLine;
  readonly wrong: readonly string[];
} {
  const wrong: string[] = [];
  if (/^[ \t]/.test(line)) wrong.push('folded header line');
  const colon = line.indexOf(':');
  if (colon === -1) return { line: [line, ''], wrong: [...wrong, 'header line without a colon'] };
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  if (name === '') wrong.push('empty header name');
  else if (!isToken(name)) wrong.push(`header name ${JSON.stringify(name)} is not a token`);
  if (!fieldValue.test(value)) wrong.push(`control byte in the value of ${JSON.stringify(name)}`);
  return { line: [name, value], wrong };
}

/** The values of all lines of that name, in order. Names compare without regard to case. */
export function valuesOf(lines: readonly HeaderLine[], name: string): string[] {
  const wanted = name.toLowerCase();
  return lines.filter(([candidate]) => candidate.toLowerCase() === wanted).map(([, value]) => value);
}

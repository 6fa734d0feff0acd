/** Why a module brings no policies: what was found, and what to do about it; both without full stop. */
export interface ModuleProblem {
  readonly found: string;
  readonly remedy: string;
}

/** What somebody else's code says of itself, fit for one line: no controls, and an end. */
export function oneLine(text: string): string {
  const [first = ''] = text.trimStart().split(/[\r\n]/, 1);
  const plain = first
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}

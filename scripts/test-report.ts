/**
 * The lines with which the spec reporter of Node's test runner ends: `ℹ tests 12` and so on.
 * @returns '' when there are none, or when no test ran.
 */
export function closingLines(output: string): string {
  const lines = output.split('\n').filter((line) => /^ℹ \w+ [\d.]+$/.test(line));
  return lines.some((line) => /^ℹ tests [1-9]/.test(line)) ? lines.join('\n') : '';
}

/** The names of skipped tests, each with its reason, as the spec reporter shows them. */
export function findSkips(output: string): string[] {
  const skipped = output.split('\n').filter((line) => /^\s*﹣ /.test(line));
  return [...new Set(skipped.map((line) => line.trim()))];
}

/** One figure that is asked for, as it was measured. */
export interface Figure {
  readonly name: string;
  readonly measured: string;
  readonly asked: string;
  readonly met: boolean;
}

/** Prints figures, one a line, and lets the process fail when one is not met. */
export function report(...figures: readonly Figure[]): void {
  for (const { name, measured, asked, met } of figures) {
    console.log(`${met ? '✓' : '✗'} ${name}: ${measured} (asked: ${asked})`);
    if (!met) process.exitCode = 1;
  }
}

/** Octets as mebibytes, for people. */
export function mebibytes(octets: number): string {
  return `${(octets / 1024 / 1024).toFixed(1)} MiB`;
}

/** Names and values of labels, in order. */
export type Labels = readonly (readonly [name: string, value: string])[];

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One metric with all its series. */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** The lines of its series, each with its line feed. */
  readonly lines: () => string;
}

/** The media type of Prometheus's text format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** One family in Prometheus's text format: `# HELP`, `# TYPE`, and a line for each sample. */
export function exposeFamily({ name, type, help, lines }: MetricFamily): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines()}`;
}

/** What stands between the braces: `route="/users",method="GET"`. */
export function labelText(labels: Labels): string {
  return labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

/** @param labels as {@link labelText} makes them; '' for none. */
export function sampleLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`;
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

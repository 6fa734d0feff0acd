/** Names and values of labels, in order. */
export type Labels = readonly (readonly [name: string, value: string])[];

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One line of the exposition. */
export interface Sample {
  /** What follows the family's name: '' except for the parts of a histogram. */
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  readonly labels: Labels;
  readonly value: number;
}

/** One metric with all its series. */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly samples: () => Iterable<Sample>;
}

/** The media type of Prometheus's text format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** One family in Prometheus's text format: `# HELP`, `# TYPE`, and a line for each sample. */
export function exposeFamily(family: MetricFamily): string {
  let text = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
  for (const { suffix, labels, value } of family.samples()) {
    text += `${family.name}${suffix}${labelText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

function labelText(labels: Labels): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function escapeHelp(help: string): string {
  return help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

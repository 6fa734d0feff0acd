import { literal } from '../draft.ts';

/** What stands for a variable of nginx. */
const variables: Readonly<Record<string, string>> = {
  remote_addr: '${client.ip}',
  binary_remote_addr: '${client.ip}',
  scheme: '${client.scheme}',
  host: '${request.host}',
  http_host: '${request.header.host}',
  request_id: '${request.id}',
  request_method: '${request.method}',
  uri: '${request.path}',
  document_uri: '${request.path}',
  args: '${request.query}',
  query_string: '${request.query}',
};

/** A text in parts: what stands as it is, and the names of variables. */
export function partsOf(text: string): readonly (string | { readonly variable: string })[] {
  const parts: (string | { readonly variable: string })[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$(?:(\w+)|\{(\w+)\})/g)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ variable: match[1] ?? match[2] ?? '' });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/**
 * A text of nginx as a template of Waygate.
 * @param known what stands for further variables, such as constants by `set`.
 * @returns undefined when a variable has nothing that stands for it.
 */
export function templateOf(text: string, known: ReadonlyMap<string, string> = new Map()): string | undefined {
  let template = '';
  for (const part of partsOf(text)) {
    if (typeof part === 'string') {
      template += literal(part);
      continue;
    }
    const { variable } = part;
    const header = /^http_(\w+)$/.exec(variable)?.[1];
    const stands =
      known.get(variable) ??
      (Object.hasOwn(variables, variable) ? variables[variable] : undefined) ??
      (header === undefined ? undefined : `\${request.header.${header.replaceAll('_', '-')}}`);
    if (stands === undefined) return undefined;
    template += stands;
  }
  return template;
}

/** A text whose variables are all constants; undefined when one is not. */
export function constantOf(text: string, constants: ReadonlyMap<string, string>): string | undefined {
  let value = '';
  for (const part of partsOf(text)) {
    const known = typeof part === 'string' ? part : constants.get(part.variable);
    if (known === undefined) return undefined;
    value += known;
  }
  return value;
}

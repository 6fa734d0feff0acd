import { claimText, groupsText, idText, scopesText } from './consumer-text.ts';
import type { Exchange } from './exchange.ts';

/** A variable without a name of its own behind it. */
export type PlainVariable =
  | 'client.ip'
  | 'client.scheme'
  | 'request.id'
  | 'request.method'
  | 'request.host'
  | 'request.path'
  | 'request.query'
  | 'route.name'
  | 'consumer.id'
  | 'consumer.groups'
  | 'consumer.scopes';

/** A variable that stands for many: `params.<name>`, `request.header.<name>` and `consumer.claims.<path>`. */
export type VariableFamily = 'params' | 'request.header' | 'consumer.claims';

/** What may stand in a template. */
export type TemplateVariable = PlainVariable | VariableFamily;

/** Reads the text of a variable; '' where the exchange has none. */
export type VariableReader = (exchange: Exchange) => string;

const plainReaders: Readonly<Record<PlainVariable, VariableReader>> = {
  'client.ip': (exchange) => exchange.client.ip,
  'client.scheme': (exchange) => exchange.client.scheme,
  'request.id': (exchange) => exchange.id,
  'request.method': (exchange) => exchange.request.method,
  'request.host': (exchange) => exchange.request.host,
  'request.path': (exchange) => exchange.request.path,
  'request.query': (exchange) => exchange.request.query ?? '',
  'route.name': (exchange) => exchange.routeName,
  'consumer.id': (exchange) => idText(exchange.consumer),
  'consumer.groups': (exchange) => groupsText(exchange.consumer),
  'consumer.scopes': (exchange) => scopesText(exchange.consumer),
};

/** Every variable, in the order in which the documentation lists them. */
export const templateVariables: readonly TemplateVariable[] = [
  'client.ip',
  'client.scheme',
  'request.id',
  'request.method',
  'request.host',
  'request.path',
  'request.query',
  'request.header',
  'route.name',
  'consumer.id',
  'consumer.groups',
  'consumer.scopes',
  'consumer.claims',
  'params',
];

/** How the names of the families end in documentation and mistakes. */
const families: Readonly<Record<VariableFamily, string>> = {
  params: '<name>',
  'request.header': '<name>',
  'consumer.claims': '<path>',
};

/** Whether the name is that of a variable without a name of its own behind it. */
export function isPlainVariable(name: string): name is PlainVariable {
  return Object.hasOwn(plainReaders, name);
}

/** A variable as one writes it: `${client.ip}`, `${params.<name>}`. */
export function shownVariable(variable: TemplateVariable): string {
  return isPlainVariable(variable) ? `\${${variable}}` : `\${${variable}.${families[variable]}}`;
}

/** How a plain variable is read. */
export function plainReader(name: PlainVariable): VariableReader {
  return plainReaders[name];
}

/** How a captured parameter is read. */
export function paramReader(name: string): VariableReader {
  return (exchange) => exchange.params[name] ?? '';
}

/** How a claim is read; see `claimAt`. */
export function claimReader(path: string): VariableReader {
  return (exchange) => claimText(exchange.consumer, path);
}

/**
 * How a request header is read: the lines of that name, joined as RFC 9110 §5.3 allows (cookies: RFC 9113 §8.2.3).
 * @param name in lower case.
 */
export function headerReader(name: string): VariableReader {
  const separator = name === 'cookie' ? '; ' : ', ';
  return (exchange) => exchange.request.headers.getAll(name).join(separator);
}

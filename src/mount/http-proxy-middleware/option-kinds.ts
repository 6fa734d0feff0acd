import type { Options } from './options.ts';

/** A value that an option may have, and how one says so. */
export interface OptionKind {
  readonly name: string;
  readonly is: (value: unknown) => boolean;
}

const ofType = (name: string): OptionKind => ({
  name: `a value of the type ${name}`,
  is: (value) => typeof value === name,
});
const isText = (value: unknown): boolean => typeof value === 'string';
const isTable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isText);
const isFunction = (value: unknown): boolean => typeof value === 'function';

const boolean = ofType('boolean');
const text = ofType('string');
/** What is looked at where it is read, or may be anything. */
const any: OptionKind = { name: '', is: () => true };
const milliseconds: OptionKind = {
  name: 'milliseconds, as a number of 0 or more',
  is: (value) => Number.isFinite(value) && Number(value) >= 0,
};
const rewriting: OptionKind = {
  name: "a text, a table of texts such as { '*': '' }, or false",
  is: (value) => value === false || isText(value) || isTable(value),
};
const hops: OptionKind = {
  name: 'true, false or how many redirects are followed',
  is: (value) => typeof value === 'boolean' || (Number.isInteger(value) && Number(value) >= 0),
};
const table: OptionKind = {
  name: 'an object',
  is: (value) => typeof value === 'object' && !Array.isArray(value),
};
const listOfPlugins: OptionKind = {
  name: 'a list of functions',
  is: (value) => Array.isArray(value) && value.every(isFunction),
};
const log: OptionKind = {
  name: 'something with the functions info, warn and error, such as console',
  is: (value) =>
    typeof value === 'object' &&
    value !== null &&
    ['info', 'warn', 'error'].every((name) => isFunction(Reflect.get(value, name))),
};

/** What an option must be, as far as the compiler cannot see it in a program without types. */
const kinds: Readonly<Record<keyof Options, OptionKind>> = {
  target: any,
  router: any,
  changeOrigin: boolean,
  pathFilter: any,
  pathRewrite: any,
  on: table,
  xfwd: boolean,
  headers: table,
  secure: boolean,
  agent: any,
  timeout: milliseconds,
  proxyTimeout: milliseconds,
  upgradeTimeout: milliseconds,
  cookieDomainRewrite: rewriting,
  cookiePathRewrite: rewriting,
  followRedirects: hops,
  hostRewrite: text,
  autoRewrite: boolean,
  protocolRewrite: text,
  selfHandleResponse: boolean,
  ws: boolean,
  plugins: listOfPlugins,
  ejectPlugins: boolean,
  logger: log,
  prependPath: boolean,
  ignorePath: boolean,
  auth: text,
  preserveHeaderKeyCase: boolean,
};

/** The options that there are here. */
export const supportedOptions: readonly string[] = Object.keys(kinds);

/** What an option must be; undefined for one that there is not. */
export function kindOf(name: string): OptionKind | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name as keyof Options] : undefined;
}

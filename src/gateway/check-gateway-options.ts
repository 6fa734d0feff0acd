import { documentSchema } from '../config/schema/document.ts';
import {
  checkOptions,
  flagOption,
  functionOption,
  objectOption,
  objectWith,
  type OptionKind,
  type OptionKinds,
  optionsError,
} from '../core/check-options.ts';
import { foundIn } from '../core/found-in.ts';
import type { GatewayOptions } from './gateway-options.ts';

/** What each option of a gateway may be. */
export const gatewayOptionKinds = {
  config: { expected: 'the configuration itself; the name of its file is configFile', is: objectOption.is },
  configFile: {
    expected: 'the path of a file as a text; of a URL, url.fileURLToPath makes one',
    is: (value) => typeof value === 'string' && value !== '',
  },
  policies: {
    expected:
      'a list of what definePolicy returns; which of them run is said by `policies` of the configuration',
    is: (value) => Array.isArray(value) && value.every(objectWith('create').is),
  },
  listen: {
    ...flagOption,
    expected: 'true or false; where it listens is said by `listen` of the configuration',
  },
  logger: objectWith('debug', 'info', 'warn', 'error'),
  accessLog: {
    expected: 'a function of the record, or false',
    is: (value) => value === false || functionOption.is(value),
  },
  clock: objectWith('now', 'monotonic'),
  random: objectWith('number', 'bytes', 'uuid'),
  gauges: objectWith('takeDelay', 'memory', 'close'),
  env: objectOption,
  watch: flagOption,
} as const satisfies Record<keyof GatewayOptions, OptionKind>;

/**
 * Refuses options of a gateway that make no sense.
 * @param of the name of the function that they are given to.
 * @param kinds those of a gateway, and further ones.
 * @throws TypeError with every mistake.
 */
export function checkGatewayOptions(
  of: string,
  options: unknown,
  kinds: OptionKinds = gatewayOptionKinds,
): void {
  checkOptions(of, options, kinds, (name) => {
    // Known where a gateway listens by itself, and only there.
    if (name === 'listen') return 'this gateway listens nowhere by itself: leave it out';
    return Object.hasOwn(documentSchema([]).shape, name)
      ? `it is a key of the configuration, so write it inside of config: { config: { ${name}: … } }`
      : undefined;
  });
  const { config, configFile } = options as GatewayOptions;
  if (config === undefined && configFile === undefined)
    throw optionsError(of, [
      `there is no configuration: write { configFile: 'waygate.yaml' } or { config: { … } }`,
    ]);
  if (config !== undefined && configFile !== undefined)
    throw optionsError(of, [
      `there are two configurations, config and configFile (${foundIn(configFile)}): leave one of them out`,
    ]);
}

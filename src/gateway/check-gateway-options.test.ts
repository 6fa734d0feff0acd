import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { definePolicy } from '../policy.ts';
import { z } from 'zod';
import { checkGatewayOptions } from './check-gateway-options.ts';

const config = { routes: [] };
const own = definePolicy({
  name: 'own',
  description: 'Mine.',
  options: z.strictObject({}),
  create: () => ({}),
});

const refuses = (options: unknown, message: RegExp): void => {
  assert.throws(
    () => checkGatewayOptions('createGateway', options),
    (error) => error instanceof TypeError && message.test(error.message),
    JSON.stringify(options),
  );
};

test('options of a gateway pass', () => {
  for (const options of [
    { config },
    { configFile: 'waygate.yaml', policies: [own], listen: false, accessLog: false, env: process.env },
    {
      config,
      configFile: undefined,
      accessLog: () => undefined,
      clock: { now: Date.now, monotonic: Date.now },
    },
  ])
    checkGatewayOptions('createGateway', options);
});

test('a gateway without a configuration, or with two, is refused with what to write', () => {
  refuses({}, /^createGateway: there is no configuration: write \{ configFile: 'waygate\.yaml' \} or/);
  refuses({ watch: false }, /there is no configuration/);
  refuses({ config, configFile: 'a.yaml' }, /two configurations, config and configFile \("a\.yaml"\)/);
});

test('a configuration in place of the options, or outside of config, is told where it belongs', () => {
  refuses(
    { upstreams: {}, routes: [] },
    /"upstreams" is no option: .*write it inside of config: .*\n.*"routes"/,
  );
  refuses({ config, listen: 3000 }, /listen is 3000: write true or false; where it listens is said by/);
  refuses(
    { config, policies: [{ 'rate-limit': {} }] },
    /policies is a list: write a list of what definePolicy/,
  );
});

test('the name of a file as config, and a URL as configFile, are told what to write', () => {
  refuses({ config: 'waygate.yaml' }, /config is "waygate\.yaml": .*the name of its file is configFile/);
  refuses({ configFile: pathToFileURL('/a.yaml') }, /configFile is keys and values: .*fileURLToPath/);
  refuses({ configFile: '' }, /configFile is "": write the path/);
});

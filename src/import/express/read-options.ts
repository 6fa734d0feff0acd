import { readAuth, readHeaders } from './header-options.ts';
import { leftOut, translated, type OptionsPlan, type Verdict } from './options-plan.ts';
import { say, type OptionsReader } from './options-reader.ts';
import { readFilter, readRewrite } from './path-options.ts';
import type { Described } from './recorder/recording.ts';
import { remedyForEvent, simpleOptions } from './simple-options.ts';
import { readRouter, readTargetOption } from './target-options.ts';

/**
 * Reads the options of a call: what they come to, and exactly one verdict for each thing that they say (an option, an
 * event, a header, an entry of a table).
 */
export function readOptions(
  entries: readonly (readonly [key: string, value: Described])[],
  reader: OptionsReader,
): OptionsPlan {
  const plan: OptionsPlan = {
    table: [],
    filterUnknown: false,
    rewrites: [],
    rewriteUnknown: false,
    changeOrigin: false,
    headers: {},
    secure: true,
    prependPath: true,
    ignorePath: false,
  };
  // Which target it is decides what `secure` does, whatever comes first in the object.
  const target = entries.find(([key]) => key === 'target');
  if (target !== undefined) readTargetOption(target[1], plan, reader);
  for (const [key, value] of entries) if (key !== 'target') readOption(key, value, plan, reader);
  return plan;
}

function readOption(key: string, value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type === 'plain' && value.value === null) {
    say(reader, key, value, translated('nothing: it asks for nothing'));
    return;
  }
  const composed = composedOptions.get(key);
  if (composed !== undefined) composed(value, plan, reader);
  else {
    const simple = simpleOptions.get(key);
    say(reader, key, value, simple === undefined ? unknownOption(key) : simple(value, plan));
  }
}

function unknownOption(key: string): Verdict {
  return leftOut(
    `there is nothing known by the name of ${key}`,
    'look whether it is needed; docs/configuration.md lists what there is',
  );
}

/** Options that say several things, or need more than their value. */
const composedOptions: ReadonlyMap<
  string,
  (value: Described, plan: OptionsPlan, reader: OptionsReader) => void
> = new Map([
  ['router', readRouter],
  ['pathFilter', readFilter],
  ['pathRewrite', readRewrite],
  ['headers', readHeaders],
  ['auth', readAuth],
  ['on', readEvents],
]);

function readEvents(value: Described, _plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    say(reader, 'on', value, leftOut('these are no listeners by name', 'write a policy in TypeScript'));
    return;
  }
  if (value.entries.length === 0) say(reader, 'on', value, translated('nothing: nobody listens'));
  for (const [event, listener] of value.entries) {
    const verdict =
      listener.type === 'function' && listener.name === 'fixRequestBody'
        ? translated('nothing: bodies go on as they came')
        : leftOut('what a listener does is known to the program only', remedyForEvent(event));
    say(reader, `on.${event}`, listener, verdict);
  }
}

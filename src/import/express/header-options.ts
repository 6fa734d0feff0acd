import { isFieldValue, isToken } from '../../http/field.ts';
import { literal } from '../draft.ts';
import { isSecretHeader, moveSecret } from '../secret-texts.ts';
import { leftOut, translated, type OptionsPlan } from './options-plan.ts';
import { hidden, say, type OptionsReader } from './options-reader.ts';
import type { Described } from './recorder/recording.ts';

/** What the gateway writes itself, or never passes on. */
const ownHeaders =
  /^(?:host|connection|content-length|expect|forwarded|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|via|x-forwarded-(?:for|host|proto)|x-real-ip)$/i;

/** `headers`. */
export function readHeaders(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    say(
      reader,
      'headers',
      value,
      leftOut('these are no plain headers', 'write a policy headers on the route'),
    );
    return;
  }
  if (value.entries.length === 0) say(reader, 'headers', value, translated('nothing: there are none'));
  for (const [name, header] of value.entries) {
    const subject = `headers.${name}`;
    const text =
      header.type === 'plain' && header.value !== null && typeof header.value !== 'boolean'
        ? String(header.value)
        : undefined;
    if (ownHeaders.test(name)) {
      const remedy = /^host$/i.test(name)
        ? 'give the upstream the host as its target, or set preserveHost'
        : 'leave it to the gateway';
      say(reader, subject, hidden, leftOut(`${name} is written by the gateway itself`, remedy));
    } else if (
      text === undefined ||
      text === '' ||
      !isToken(name) ||
      !isFieldValue(text) ||
      name in plan.headers
    ) {
      say(
        reader,
        subject,
        hidden,
        leftOut('this is no header that can be sent', 'write it as a text under headers'),
      );
    } else {
      const secret = isSecretHeader(name, text);
      plan.headers[name] = secret
        ? moveSecret(
            reader.draft,
            reader.report,
            name,
            text,
            `the header ${name} for the service`,
            reader.place,
          )
        : literal(text);
      say(reader, subject, hidden, translated('the policy headers'));
    }
  }
}

/** `auth`. */
export function readAuth(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'plain' || typeof value.value !== 'string') {
    say(reader, 'auth', hidden, leftOut('it is no text', 'set Authorization with the policy headers'));
    return;
  }
  addBasic(value.value, 'the option auth', plan, reader);
  say(reader, 'auth', hidden, translated('the policy headers'));
}

/** Adds an Authorization header for `user:password`, which goes to the environment. */
export function addBasic(credentials: string, from: string, plan: OptionsPlan, reader: OptionsReader): void {
  const name =
    Object.keys(plan.headers).find((each) => each.toLowerCase() === 'authorization') ?? 'Authorization';
  plan.headers[name] = `Basic ${moveSecret(
    reader.draft,
    reader.report,
    `${plan.target === undefined ? '' : new URL(plan.target.url).hostname} basic credentials`,
    Buffer.from(credentials).toString('base64'),
    `the base64 of user:password from ${from} (printf %s 'user:password' | base64)`,
    reader.place,
  )}`;
}

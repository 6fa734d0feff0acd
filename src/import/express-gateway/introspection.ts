import { closedDoor, durationText, literal, type DraftPolicy } from '../draft.ts';
import type { Place } from '../report.ts';
import { moveSecret } from '../secret-texts.ts';
import { scopePolicies } from './scopes.ts';
import { reportOthers } from './other-keys.ts';
import type { PolicyReader } from './policy-reader.ts';
import { at, isTrue, numberOf, textOf, type Tree } from './yaml-tree.ts';

/** `oauth2-introspect`. */
export function readIntrospection(
  action: Tree | undefined,
  what: string,
  place: Place,
  reader: PolicyReader,
): readonly DraftPolicy[] {
  const url = textOf(at(action, 'endpoint'));
  const who = readCredentials(action, what, place, reader);
  if (url === undefined || who === undefined) {
    reader.report.leaveOut(
      what,
      'how the endpoint knows the gateway is not plain to see',
      'the policy introspection: { url, clientId, clientSecret }',
      place,
    );
    return [closedDoor(what)];
  }
  const ttl = numberOf(at(action, 'ttl')) ?? 60;
  reader.report.approximate(
    what,
    'the policy introspection',
    'who is asking is the member "sub" of the answer (consumerClaim)',
    place,
  );
  reportOthers(action, ['endpoint', 'authorization_value', 'ttl', 'passThrough'], what, reader.report);
  const options = {
    url,
    ...who,
    cache: { for: durationText(Math.round(ttl * 1000)) },
    ...(isTrue(at(action, 'passThrough')) && { optional: true }),
  };
  return [{ name: 'introspection', options, protects: true }, ...scopePolicies(reader, place)];
}

/** How the gateway shows who it is; undefined when that is not plain to see. */
function readCredentials(
  action: Tree | undefined,
  what: string,
  place: Place,
  { draft, report }: PolicyReader,
): Readonly<Record<string, string>> | undefined {
  const value = textOf(at(action, 'authorization_value')) ?? '';
  const [, scheme = '', credentials = ''] = /^(basic|bearer)\s+(\S+)$/i.exec(value) ?? [];
  if (/^bearer$/i.test(scheme)) {
    const holds = `the token in authorization_value of ${what}`;
    return {
      bearerToken: moveSecret(draft, report, 'introspection token', credentials, holds, place),
    };
  }
  const [id, secret] = Buffer.from(credentials, 'base64').toString().split(/:(.*)/s);
  if (id === undefined || id === '' || secret === undefined) return undefined;
  const holds = `the password in authorization_value of ${what}`;
  return {
    clientId: literal(id),
    clientSecret: moveSecret(draft, report, 'introspection secret', secret, holds, place),
  };
}

import { closedDoor, literal, type DraftPolicy } from '../draft.ts';
import type { Place } from '../report.ts';
import { moveSecret } from '../secret-texts.ts';
import { scopePolicies } from './scopes.ts';
import { reportOthers } from './other-keys.ts';
import { variableIn } from './environment.ts';
import type { PolicyReader } from './policy-reader.ts';
import { at, isTrue, textOf, type Tree } from './yaml-tree.ts';

const known = [
  'issuer',
  'audience',
  'jwtExtractor',
  'jwtExtractorField',
  'secretOrPublicKey',
  'secretOrPublicKeyFile',
  'checkCredentialExistence',
];

/** `jwt`: what it does not say, or says in a way that the gateway does not know, lets nobody in. */
export function readJwt(
  action: Tree | undefined,
  what: string,
  place: Place,
  reader: PolicyReader,
): readonly DraftPolicy[] {
  const { report } = reader;
  const fail = (why: string, remedy: string): readonly DraftPolicy[] => {
    report.leaveOut(what, why, remedy, place);
    return [closedDoor(what)];
  };
  const issuer = textOf(at(action, 'issuer'));
  const audience = textOf(at(action, 'audience'));
  if (issuer === undefined || audience === undefined)
    return fail(
      'it does not say whose tokens are good, or for whom they are',
      'the policy jwt: { issuer, audience, … }',
    );
  const extractor = textOf(at(action, 'jwtExtractor')) ?? 'authBearer';
  const field = textOf(at(action, 'jwtExtractorField'));
  const fromQuery = extractor === 'query' && field !== undefined;
  if (extractor !== 'authBearer' && !fromQuery)
    return fail(
      `tokens are looked for in a place by ${extractor}`,
      'the policy jwt: from Authorization: Bearer, a cookie or the query',
    );
  const key = readKey(action, what, place, reader);
  if (key === undefined) return fail('it has no key', 'the policy jwt: jwks, pem or secret');
  const checks = at(action, 'checkCredentialExistence');
  if (checks === undefined || isTrue(checks))
    report.approximate(
      what,
      'the policy jwt',
      'every good token passes, also of a "sub" that is no credential in the database of Express Gateway: add the policy authorize with the consumers that may',
      place,
    );
  else report.translate(what, 'the policy jwt', place);
  reportOthers(action, known, what, report);
  const options = {
    issuer: literal(issuer),
    audience: literal(audience),
    ...key,
    ...(fromQuery && { from: { query: field } }),
  };
  return [{ name: 'jwt', options, protects: true }, ...scopePolicies(reader, place)];
}

/** What signatures are verified with; undefined when it says nothing of that. */
function readKey(
  action: Tree | undefined,
  what: string,
  place: Place,
  { draft, report, env }: PolicyReader,
): Readonly<Record<string, string>> | undefined {
  const key = textOf(at(action, 'secretOrPublicKey'));
  const file = textOf(at(action, 'secretOrPublicKeyFile'));
  if (key === undefined) return file === undefined ? undefined : { pem: `\${file:${file}}` };
  if (key.includes('-----BEGIN')) return { pem: literal(key) };
  const variable = variableIn(key);
  const holds = `secretOrPublicKey of ${what}`;
  if (variable === undefined) return { secret: moveSecret(draft, report, 'JWT_SECRET', key, holds, place) };
  // What is in the environment already stays there.
  draft.secrets.set(variable, env[variable] ?? 'x'.repeat(64));
  report.moveSecret(variable, holds, place);
  return { secret: key };
}

import { closedDoor, type DraftPolicy } from '../draft.ts';
import { readIntrospection } from './introspection.ts';
import { readJwt } from './jwt.ts';
import { readHeaders, readTransformer } from './header-policies.ts';
import type { PolicyReader, ReadPolicy } from './policy-reader.ts';
import { readCors, readRateLimit, readTerminate } from './traffic-policies.ts';
import type { Tree } from './yaml-tree.ts';

/** What a policy of Express Gateway, other than `proxy`, becomes. */
export function readPolicy(
  name: string,
  action: Tree | undefined,
  place: Tree['place'],
  reader: PolicyReader,
): readonly DraftPolicy[] {
  const what = `policy ${name}`;
  const read = policies.get(name);
  if (read !== undefined) return read(action, what, place, reader);
  reader.report.leaveOut(
    what,
    'it comes from a plugin, or is not known',
    'see docs/policies.md for one that does the same, or write it in TypeScript',
    place,
  );
  return protects(name) ? [closedDoor(what)] : [];
}

/** Whether requests would pass without a policy that should not: by its name, where it comes from a plugin. */
export function protects(name: string): boolean {
  if (name === 'terminate') return true;
  return (
    authenticating.has(name) ||
    (!policies.has(name) && /auth|jwt|acl|token|permi|whitelist|blacklist|ip/i.test(name))
  );
}

/** Whether a policy finds out who is asking. */
export function authenticates(name: string): boolean {
  return authenticating.has(name);
}

const authenticating: ReadonlySet<string> = new Set([
  'jwt',
  'key-auth',
  'basic-auth',
  'oauth2',
  'oauth2-introspect',
]);

const policies: ReadonlyMap<string, ReadPolicy> = new Map<string, ReadPolicy>([
  ['jwt', readJwt],
  [
    'key-auth',
    closed(
      'keys are kept as digests in the database of Express Gateway, and cannot be taken along',
      'the policy api-key: "waygate key create NAME" makes a key and prints its entry',
    ),
  ],
  [
    'basic-auth',
    closed(
      'users are kept in the database of Express Gateway, with digests that cannot be taken along',
      'the policy basic-auth: "waygate user create NAME" prints an entry',
    ),
  ],
  [
    'oauth2',
    closed(
      'the gateway issues no tokens',
      'let an identity provider issue them, and verify them with the policy jwt or introspection',
    ),
  ],
  ['oauth2-introspect', readIntrospection],
  ['cors', readCors],
  ['rate-limit', readRateLimit],
  ['headers', readHeaders],
  ['request-transformer', readTransformer('request')],
  ['response-transformer', readTransformer('response')],
  ['terminate', readTerminate],
  ['log', leftOut('the gateway writes an access log', 'see log in docs/configuration.md')],
  ['expression', leftOut('it is a program', 'write a policy in TypeScript (docs/policies.md)')],
  [
    'json-schema',
    leftOut('bodies are not looked at', 'let the service check them, or write a policy in TypeScript'),
  ],
]);

function leftOut(why: string, remedy: string): ReadPolicy {
  return (_action, what, place, { report }) => {
    report.leaveOut(what, why, remedy, place);
    return [];
  };
}

function closed(why: string, remedy: string): ReadPolicy {
  return (_action, what, place, { report }) => {
    report.leaveOut(what, why, remedy, place);
    return [closedDoor(what)];
  };
}

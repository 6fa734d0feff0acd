import { closedDoor, durationText, literal, type Draft, type DraftPolicy } from '../draft.ts';
import type { ReportWriter } from '../report.ts';
import { isSecretHeader, moveSecret } from '../secret-texts.ts';
import { variableIn } from './environment.ts';
import { keyOfTemplate, templateOfExpression } from './expressions.ts';
import { at, entriesOf, isTrue, listOf, numberOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** What a policy is read with. */
export interface PolicyReader {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Scopes that the API endpoint asks for. */
  readonly scopes: readonly string[];
}

type Read = (
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  reader: PolicyReader,
) => readonly DraftPolicy[];

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
  const protects = /auth|jwt|acl|token|permi|whitelist|blacklist|ip/i.test(name);
  reader.report.leaveOut(
    what,
    'it comes from a plugin, or is not known',
    'see docs/policies.md for one that does the same, or write it in TypeScript',
    place,
  );
  return protects ? [closedDoor(what)] : [];
}

/** Policies without which requests would pass that should not. */
export const protecting: ReadonlySet<string> = new Set([
  'jwt',
  'key-auth',
  'basic-auth',
  'oauth2',
  'oauth2-introspect',
]);

const policies: ReadonlyMap<string, Read> = new Map<string, Read>([
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
  ['request-transformer', transformer('request')],
  ['response-transformer', transformer('response')],
  ['terminate', readTerminate],
  ['log', leftOut('the gateway writes an access log', 'see log in docs/configuration.md')],
  ['expression', leftOut('it is a program', 'write a policy in TypeScript (docs/policies.md)')],
  [
    'json-schema',
    leftOut('bodies are not looked at', 'let the service check them, or write a policy in TypeScript'),
  ],
]);

function leftOut(why: string, remedy: string): Read {
  return (_action, what, place, { report }) => {
    report.leaveOut(what, why, remedy, place);
    return [];
  };
}

function closed(why: string, remedy: string): Read {
  return (_action, what, place, { report }) => {
    report.leaveOut(what, why, remedy, place);
    return [closedDoor(what)];
  };
}

function readJwt(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  { draft, report, env, scopes }: PolicyReader,
): readonly DraftPolicy[] {
  const issuer = textOf(at(action, 'issuer'));
  const audience = textOf(at(action, 'audience'));
  const extractor = textOf(at(action, 'jwtExtractor')) ?? 'authBearer';
  const field = textOf(at(action, 'jwtExtractorField'));
  const key = textOf(at(action, 'secretOrPublicKey'));
  const file = textOf(at(action, 'secretOrPublicKeyFile'));
  const fail = (why: string, remedy: string): readonly DraftPolicy[] => {
    report.leaveOut(what, why, remedy, place);
    return [closedDoor(what)];
  };
  if (issuer === undefined || audience === undefined)
    return fail(
      'it does not say whose tokens are good, or for whom they are',
      'the policy jwt: { issuer, audience, … }',
    );
  const fromQuery = extractor === 'query' && field !== undefined;
  if (extractor !== 'authBearer' && !fromQuery)
    return fail(
      `tokens are looked for in a place by ${extractor}`,
      'the policy jwt: from Authorization: Bearer, a cookie or the query',
    );
  const isPem = (text: string): boolean => text.includes('-----BEGIN');
  let source: Readonly<Record<string, string>>;
  if (key === undefined && file === undefined)
    return fail('it has no key', 'the policy jwt: jwks, pem or secret');
  if (key === undefined) source = { pem: `\${file:${file ?? ''}}` };
  else if (isPem(key)) source = { pem: literal(key) };
  else {
    const variable = variableIn(key);
    // What is in the environment already stays there.
    if (variable !== undefined) draft.secrets.set(variable, env[variable] ?? 'x'.repeat(64));
    const holds = `secretOrPublicKey of ${what}`;
    if (variable !== undefined) report.moveSecret(variable, holds, place);
    source = {
      secret: variable === undefined ? moveSecret(draft, report, 'JWT_SECRET', key, holds, place) : key,
    };
  }
  const checks = at(action, 'checkCredentialExistence');
  if (checks === undefined || isTrue(checks))
    report.approximate(
      what,
      'the policy jwt',
      'every good token passes, also of a "sub" that is no credential in the database of Express Gateway: add the policy authorize with the consumers that may',
      place,
    );
  else report.translate(what, 'the policy jwt', place);
  const options = {
    issuer: literal(issuer),
    audience: literal(audience),
    ...source,
    ...(fromQuery && { from: { query: field } }),
  };
  const jwt: DraftPolicy = { name: 'jwt', options, protects: true };
  if (scopes.length === 0) return [jwt];
  report.approximate(
    `scopes ${scopes.join(', ')}`,
    'the policy authorize',
    'a token must have all of them',
    place,
  );
  return [jwt, { name: 'authorize', options: { rules: [{ name: 'scopes', scopes }] }, protects: true }];
}

function readIntrospection(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  { draft, report }: PolicyReader,
): readonly DraftPolicy[] {
  const url = textOf(at(action, 'endpoint'));
  const value = textOf(at(action, 'authorization_value')) ?? '';
  const [, scheme = '', credentials = ''] = /^(basic|bearer)\s+(\S+)$/i.exec(value) ?? [];
  const [id, secret] = Buffer.from(credentials, 'base64').toString().split(/:(.*)/s);
  const who = /^bearer$/i.test(scheme)
    ? {
        bearerToken: moveSecret(
          draft,
          report,
          'introspection token',
          credentials,
          `the token in authorization_value of ${what}`,
          place,
        ),
      }
    : id !== undefined && id !== '' && secret !== undefined
      ? {
          clientId: literal(id),
          clientSecret: moveSecret(
            draft,
            report,
            'introspection secret',
            secret,
            `the password in authorization_value of ${what}`,
            place,
          ),
        }
      : undefined;
  if (url === undefined || who === undefined) {
    report.leaveOut(
      what,
      'how the endpoint knows the gateway is not plain to see',
      'the policy introspection: { url, clientId, clientSecret }',
      place,
    );
    return [closedDoor(what)];
  }
  const ttl = numberOf(at(action, 'ttl')) ?? 60;
  report.approximate(
    what,
    'the policy introspection',
    'who is asking is the member "sub" of the answer (consumerClaim)',
    place,
  );
  const options = {
    url,
    ...who,
    cache: { for: durationText(Math.round(ttl * 1000)) },
    ...(isTrue(at(action, 'passThrough')) && { optional: true }),
  };
  return [{ name: 'introspection', options, protects: true }];
}

function readCors(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const origin = at(action, 'origin');
  const any =
    origin === undefined || (origin.type === 'scalar' && (origin.value === '*' || origin.value === true));
  const origins = any ? '*' : listOf(origin).flatMap((item) => textOf(item) ?? []);
  if (origin?.type === 'scalar' && origin.value === false) {
    report.translate(what, 'nothing: it lets nobody read', place);
    return [];
  }
  const methods = textsOf(at(action, 'methods'));
  const headers = textsOf(at(action, 'allowedHeaders'));
  const exposed = textsOf(at(action, 'exposedHeaders'));
  const maxAge = numberOf(at(action, 'maxAge'));
  const credentials = isTrue(at(action, 'credentials'));
  if (any && credentials)
    report.leaveOut(
      `${what}: credentials`,
      'they do not go with any origin',
      'name the origins that may send them',
      place,
    );
  report.approximate(
    what,
    'the policy cors',
    'preflights are answered 204; a browser remembers that for 10m unless maxAge says otherwise',
    place,
  );
  const options = {
    origins,
    ...(methods.length > 0 && { methods }),
    ...(headers.length > 0 && { headers }),
    ...(exposed.length > 0 && { exposedHeaders: exposed }),
    ...(credentials && !any && { credentials: true }),
    ...(maxAge !== undefined && { maxAge: maxAge === 0 ? 0 : `${Math.round(maxAge)}s` }),
  };
  return [{ name: 'cors', options }];
}

function readRateLimit(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const max = numberOf(at(action, 'max')) ?? 5;
  const windowMs = numberOf(at(action, 'windowMs')) ?? 60_000;
  const template = textOf(at(action, 'rateLimitBy'));
  const by = template === undefined ? 'ip' : keyOfTemplate(template);
  if (max === 0) {
    report.translate(what, 'nothing: it is off', place);
    return [];
  }
  if (by === undefined || !Number.isInteger(max) || max < 0 || !Number.isInteger(windowMs)) {
    report.leaveOut(
      what,
      `by what it counts (${template ?? 'address'}), or how often, cannot be said`,
      'the policy rate-limit: by ip, consumer, route, header, claim or parameter',
      place,
    );
    return [];
  }
  for (const key of [
    'delayAfter',
    'delayMs',
    'message',
    'statusCode',
    'headers',
    'skipFailedRequests',
    'skipSuccessfulRequests',
  ]) {
    const value = at(action, key);
    if (value !== undefined)
      report.leaveOut(
        `${what}: ${key}`,
        'who comes too often is answered 429 as docs/errors.md says, and nobody is delayed',
        'nothing is needed, or a policy in TypeScript',
        value.place,
      );
  }
  report.approximate(
    what,
    'the policy rate-limit',
    'windows begin at multiples of their length, not with the first request',
    place,
  );
  return [
    {
      name: 'rate-limit',
      options: {
        limit: max,
        window: durationText(windowMs),
        algorithm: 'fixed-window',
        ...(by !== 'ip' && { by }),
      },
    },
  ];
}

function readHeaders(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  reader: PolicyReader,
): readonly DraftPolicy[] {
  const prefix = textOf(at(action, 'headersPrefix')) ?? '';
  const set: Record<string, string> = {};
  for (const [name, value] of entriesOf(at(action, 'forwardHeaders')))
    addHeader(set, `${prefix}${name}`, value, what, reader);
  return Object.keys(set).length === 0
    ? reportEmpty(what, place, reader.report)
    : [{ name: 'headers', options: { request: { set } } }];
}

function transformer(direction: 'request' | 'response'): Read {
  return (action, what, place, reader) => {
    const { report } = reader;
    const set: Record<string, string> = {};
    const headers = at(action, 'headers');
    for (const [name, value] of entriesOf(at(headers, 'add'))) addHeader(set, name, value, what, reader);
    const remove = textsOf(at(headers, 'remove'));
    for (const name of remove) report.translate(`${what}: remove ${name}`, 'the policy headers', place);
    const body = at(action, 'body');
    if (body !== undefined)
      report.leaveOut(
        `${what}: body`,
        'bodies go on as they come',
        'write a policy in TypeScript with a body stage (docs/policies.md)',
        body.place,
      );
    const edits = { ...(remove.length > 0 && { remove }), ...(Object.keys(set).length > 0 && { set }) };
    return Object.keys(edits).length === 0 ? [] : [{ name: 'headers', options: { [direction]: edits } }];
  };
}

function addHeader(
  set: Record<string, string>,
  name: string,
  value: Tree,
  what: string,
  { draft, report }: PolicyReader,
): void {
  const template = templateOfExpression(textOf(value) ?? '');
  if (template === undefined || template === '') {
    report.leaveOut(
      `${what}: ${name}`,
      'it is an expression that nothing stands for',
      'the policy headers with a variable (docs/policies.md), or a policy in TypeScript',
      value.place,
    );
    return;
  }
  const constant = !/(?<!\$)\$\{/.test(template);
  set[name] =
    constant && isSecretHeader(name, template)
      ? moveSecret(
          draft,
          report,
          name,
          template.replaceAll('$${', '${'),
          `the header ${name} of ${what}`,
          value.place,
        )
      : template;
  report.translate(`${what}: ${name}`, 'the policy headers', value.place);
}

function reportEmpty(what: string, place: Tree['place'], report: ReportWriter): readonly DraftPolicy[] {
  report.translate(what, 'nothing: no header is left', place);
  return [];
}

function readTerminate(
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const status = numberOf(at(action, 'statusCode')) ?? 400;
  const message = textOf(at(action, 'message'));
  const body = message === undefined || [204, 205, 304].includes(status) ? {} : { body: message };
  report.translate(what, 'the policy respond', place);
  return [{ name: 'respond', options: { status, ...body }, protects: true }];
}

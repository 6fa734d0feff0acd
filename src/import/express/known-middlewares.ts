/** What stands for a middleware, and whether requests pass without it that should not. */
export interface KnownMiddleware {
  readonly remedy: string;
  readonly protects?: true;
}

const parser: KnownMiddleware = {
  remedy: 'nothing is needed: bodies go on as they come; the policy body-limit sets the largest',
};
const log: KnownMiddleware = {
  remedy: 'nothing is needed: the gateway writes an access log; see log in docs/configuration.md',
};
const token: KnownMiddleware = { remedy: 'the policy jwt: { issuer, audience }', protects: true };
const files: KnownMiddleware = { remedy: 'the gateway serves no files: put them behind an upstream' };
const limit: KnownMiddleware = { remedy: 'the policy rate-limit: { limit, window }' };

/** Packages that one meets on the way to a proxy, with the policy that does what they do. */
const packages: Readonly<Record<string, KnownMiddleware>> = {
  'express-rate-limit': limit,
  'rate-limiter-flexible': limit,
  'express-slow-down': {
    remedy: 'there is nothing that delays requests; the policy rate-limit refuses them',
  },
  cors: { remedy: 'the policy cors: { origins: […] }' },
  'express-jwt': token,
  'express-oauth2-jwt-bearer': token,
  'jwks-rsa': token,
  passport: {
    remedy:
      'the policy that does what its strategy does: jwt, basic-auth, api-key, introspection or forward-auth',
    protects: true,
  },
  'express-basic-auth': {
    remedy: 'the policy basic-auth; "waygate user create NAME" prints an entry',
    protects: true,
  },
  'express-openid-connect': {
    remedy: 'the policy forward-auth, with a service that signs people in',
    protects: true,
  },
  'keycloak-connect': token,
  'express-ipfilter': { remedy: 'the policy ip-filter: { allow: […] }', protects: true },
  helmet: { remedy: 'the policy security-headers' },
  morgan: log,
  'pino-http': log,
  'express-winston': log,
  'body-parser': parser,
  multer: parser,
  'express-fileupload': parser,
  'cookie-parser': { remedy: 'nothing is needed: cookies go on to the services' },
  compression: { remedy: 'let the services compress, or a proxy in front' },
  'express-session': { remedy: 'keep sessions in a service, and ask it with the policy forward-auth' },
  'cookie-session': { remedy: 'keep sessions in a service, and ask it with the policy forward-auth' },
  csurf: { remedy: 'let the service that renders the forms check them', protects: true },
  'serve-static': files,
  'serve-index': files,
  'express-request-id': { remedy: 'the policy request-id' },
  apicache: { remedy: 'the policy cache' },
  'express-http-context': { remedy: 'nothing is needed for services behind the gateway' },
  'connect-timeout': { remedy: 'timeouts of the route, such as exchange: 10s' },
  'express-ws': { remedy: 'nothing is needed: WebSockets are relayed' },
  'swagger-ui-express': files,
};

/** Names of functions that tell what they are, where the package is not known. */
const names: readonly (readonly [pattern: RegExp, known: KnownMiddleware])[] = [
  [/^(?:jsonParser|urlencodedParser|rawParser|textParser)$/, parser],
  [/^serveStatic$/, files],
  [
    /auth|jwt|token|login|logged|session|guard|protect|permi|verif|acl|role|restrict|secur|api_?key/i,
    {
      remedy:
        'a policy that lets the same requests pass: jwt, api-key, basic-auth, forward-auth, authorize or ip-filter',
      protects: true,
    },
  ],
];

/** What stands for a middleware; undefined for one that nobody knows. */
export function knownMiddleware(name: string, from: string | undefined): KnownMiddleware | undefined {
  if (from !== undefined && Object.hasOwn(packages, from)) return packages[from];
  return names.find(([pattern]) => pattern.test(name))?.[1];
}

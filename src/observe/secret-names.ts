/**
 * Names that promise a secret behind them: of query parameters, of configuration keys, of header fields, of log fields.
 * Erring on the side of masking is right: a masked `sort_key` costs nothing, a logged `api_key` does.
 */
const secretWords: ReadonlySet<string> = new Set([
  ...[
    'token',
    'tokens',
    'secret',
    'secrets',
    'password',
    'passwords',
    'passwd',
    'passphrase',
    'passcode',
    'pwd',
    'pass',
  ],
  ...[
    'apikey',
    'authkey',
    'accesskey',
    'privatekey',
    'signature',
    'sig',
    'hmac',
    'jwt',
    'bearer',
    'assertion',
  ],
  ...[
    'authorization',
    'auth',
    'digest',
    'digests',
    'credential',
    'credentials',
    'cookie',
    'cookies',
    'sid',
    'otp',
    'pin',
    'saml',
  ],
]);

/** Words that are harmless as a key of ours (`err.code`, `keepAlive` of a session) but not in somebody's query string. */
const secretQueryWords: ReadonlySet<string> = new Set([
  'code',
  'key',
  'keys',
  'session',
  'ticket',
  'state',
  'nonce',
  'hash',
  'pw',
]);

/** Parts that give a name away even where no word boundary shows it: `accesstoken`, `SAMLResponse`, `phpsessid`. */
const secretParts =
  /token|secret|passw|signature|credential|authoriz|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|signing[-_]?key|encryption[-_]?key|session[-_]?id|sessid|samlre|jsessionid/;

/** Whether a key of a structure (configuration, log fields, header fields) promises a secret. */
export function isSecretName(name: string): boolean {
  return secretParts.test(name.toLowerCase()) || wordsOf(name).some((word) => secretWords.has(word));
}

/** Whether a decoded query parameter's name promises a secret. */
export function isSecretParameter(name: string): boolean {
  return (
    isSecretName(name) || /session/i.test(name) || wordsOf(name).some((word) => secretQueryWords.has(word))
  );
}

/** The words of `user[apiKey]`, `X-Amz-Signature`, `accessToken`: in lower case. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
}

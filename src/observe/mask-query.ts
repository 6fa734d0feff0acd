import { isSecretParameter } from './secret-names.ts';

/** What stands in a log where a secret stood. */
export const masked = '***';

/** A JSON Web Token: three or five base64url parts, of which the first starts an object. */
const looksLikeJwt = /^eyJ[\w-]*\.[\w.-]*$/;

/**
 * A query string for the log: the values of parameters whose names promise a secret are masked, and so are values
 * that look like a JSON Web Token. Everything else stays as received.
 * @param query without its `?`.
 */
export function maskQuery(query: string): string {
  // Both separators count: a service behind us may split at either.
  return query.replace(/[^&;]+/g, maskParameter);
}

function maskParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals === -1) return looksLikeJwt.test(decode(parameter)) ? masked : parameter;
  const name = parameter.slice(0, equals);
  if (looksLikeJwt.test(decode(name))) return masked;
  const value = parameter.slice(equals + 1);
  if (value === '') return parameter;
  return isSecretParameter(decode(name)) || looksLikeJwt.test(decode(value))
    ? `${name}=${masked}`
    : parameter;
}

/** Decodes what can be decoded, octet by octet, and leaves the rest: a name must not hide behind one bad escape. */
function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

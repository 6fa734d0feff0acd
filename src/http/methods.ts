/** The methods that every gateway answers to, as an `Allow` header lists them when no route says more (RFC 9110 §10.2.1). */
export const commonMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** The methods that the engine takes; CONNECT and TRACE never pass a gateway. */
export const routableMethods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  'COPY',
  'LOCK',
  'MKCOL',
  'MOVE',
  'PROPFIND',
  'PROPPATCH',
  'PURGE',
  'REPORT',
  'SEARCH',
  'UNLOCK',
] as const;

/** The methods that every gateway answers to, as an `Allow` header lists them when no route says more (RFC 9110 §10.2.1). */
export const commonMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

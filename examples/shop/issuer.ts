import express from 'express';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { HttpError, readText, startService } from './service.ts';

// A demo of an issuer, and no more than that: it signs a token for whatever name it is told, and asks for no password.
// Only this machine reaches it, and its key is gone when it ends. In its place stands Keycloak, Entra ID, Auth0 or
// whatever else publishes its keys by OpenID Connect discovery.

const issuer = `http://127.0.0.1:${process.env['PORT']}`;
const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwk = await exportJWK(publicKey);
// A new key has a new name, by which the gateway knows that it has to fetch it.
const kid = (await calculateJwkThumbprint(jwk)).slice(0, 8);

const app = express();

// OpenID Connect Discovery 1.0 §4: the way from the name of the issuer to its keys.
app.get('/.well-known/openid-configuration', (_request, response) => {
  response.json({
    issuer,
    jwks_uri: `${issuer}/jwks`,
    id_token_signing_alg_values_supported: ['ES256'],
    scopes_supported: ['orders'],
  });
});

app.get('/jwks', (_request, response) => {
  response.json({ keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] });
});

// The bare token, so that a shell can put it into a header with $(curl …).
app.post('/token', express.urlencoded(), async (request, response) => {
  const user = readText(request.body, 'user');
  if (!/^[a-z][a-z\d-]{0,31}$/.test(user)) {
    throw new HttpError(422, 'user must be a name such as ada: a-z, 0-9 and -, at most 32');
  }
  const token = await new SignJWT({ scope: 'orders', groups: user === 'grace' ? ['staff'] : ['customers'] })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(issuer)
    .setAudience('shop')
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  response.type('text').set('Cache-Control', 'no-store').send(`${token}\n`);
});

startService('issuer', app);

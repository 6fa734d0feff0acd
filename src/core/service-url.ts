import { z } from 'zod';
import { withRemedy } from './remedy.ts';

/** A host that is this machine (RFC 6761 §6.3). */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The URL of a service that the gateway asks: http or https, without user information, which would be sent, and without a
 * fragment, which would not. What is wrong is said without the URL, for it may have a secret in it.
 */
export function serviceUrl(): z.ZodString {
  return z
    .string()
    .max(2048)
    .superRefine((text, context) => {
      const found = mistakeIn(text);
      if (found === undefined) return;
      const remedy = 'write the whole URL, such as http://auth:4000/verify';
      context.addIssue({ code: 'custom', message: withRemedy(found, remedy) });
    });
}

/** Whether whoever is on the way to that URL can read what is sent there. */
export function isOpenToAll(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !loopback.test(hostname);
}

function mistakeIn(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'this is no URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'this is no http or https URL';
  if (url.username !== '' || url.password !== '') return 'the URL has a user name or a password in it';
  return url.hash === '' ? undefined : 'the URL has a fragment, which is never sent';
}

import { z } from 'zod';
import type { Reply } from '../../core/exchange.ts';
import { compileOption } from '../../core/option-schemas.ts';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { safeQuery } from '../../core/template-encoding.ts';
import { compileUrlTemplate } from '../../core/url-template.ts';

const options = z.strictObject({
  to: z
    .string()
    .max(2048)
    .optional()
    .describe(
      'Where to: a URL or a path, which may use variables such as ${params.id} and ${request.path}. Without it: `https` must be true.',
    ),
  https: z
    .boolean()
    .default(false)
    .describe(
      'Whether to send plain http requests to the same URL on https; those on https go on. Without it: no.',
    ),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .default(443)
    .describe('The port that `https` sends clients to. Without it: 443, which does not show in the URL.'),
  status: z
    .literal([301, 302, 303, 307, 308])
    .default(307)
    .describe(
      'The status: 307 and 308 keep method and body, 301 and 302 may turn a POST into a GET, 303 always does; 301 and 308 are remembered by browsers for good. Without it: 307.',
    ),
  keepQuery: z
    .boolean()
    .default(true)
    .describe(
      'Whether the query of the request goes along, behind that of `to` when it has one. Without it: yes.',
    ),
});

/** Sends the client elsewhere, or from http to https. */
export const redirect = definePolicy({
  name: 'redirect',
  description: 'Sends the client to another URL, or from http to https.',
  options,
  // With `https` alone, what is on https already goes on.
  alwaysAnswers: ({ to }) => to !== undefined,
  create({ to, https, port, status, keepQuery }, { paramNames }) {
    if (to === undefined && !https) {
      throw new PolicyOptionError(
        [],
        'redirect does not say where to',
        'write `to: https://example.com/…` or `https: true`',
      );
    }
    if (to !== undefined && https) {
      throw new PolicyOptionError(
        ['https'],
        '`https: true` and `to` are two redirects',
        'keep one; `to` may itself begin with https://',
      );
    }
    const appendsQuery = keepQuery && to?.includes('${request.query}') !== true;
    // The host is the one that the client itself named, so that no link can choose it.
    const url = to ?? `https://\${request.host}${port === 443 ? '' : `:${port}`}\${request.path}`;
    const target = compileOption(['to'], () => compileUrlTemplate(url, paramNames));
    return {
      onRequest(exchange): Reply | undefined {
        if (https && exchange.client.scheme === 'https') return undefined;
        const base = target.render(exchange);
        const location = appendsQuery ? withQuery(base, exchange.request.query) : base;
        return { status, headers: [['location', location]] };
      },
    };
  },
});

/** Puts the query behind the one that is there, and in front of a fragment. */
function withQuery(url: string, query: string | undefined): string {
  if (query === undefined || query === '') return url;
  const hash = url.indexOf('#');
  const end = hash === -1 ? url.length : hash;
  const separator = url.slice(0, end).includes('?') ? '&' : '?';
  return `${url.slice(0, end)}${separator}${safeQuery(query)}${url.slice(end)}`;
}

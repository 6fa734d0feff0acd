import { z } from 'zod';
import { integer } from '../../config/schema/scalars.ts';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { bodyMatch } from './body.ts';
import { headersMatch } from './header-lines.ts';
import { textMatch } from './text-match.ts';

const upstreamKeys = z
  .strictObject({
    upstream: z.string().optional().describe('The name of the upstream. Without it: any.'),
    target: z.string().optional().describe('The target of it that is asked last, as `host:port`. Without it: any.'),
    attempts: integer(1, 100).optional().describe('How often the request is sent, retries included. Without it: any number.'),
    request: textMatch.optional().describe('The first line that the service gets: method and path, such as `GET /v2/orders/7`. Without it: any.'),
    headers: headersMatch.optional().describe('Headers that the service gets; null for one that it must not get. Without it: any.'),
    body: bodyMatch.optional().describe('The body that the service gets: a text, `/…/`, null for none, or JSON with at least this in it. Without it: any.'),
  })
  .refine((keys) => Object.values(keys).some((value) => value !== undefined), {
    error: () => withRemedy('nothing is expected of the upstream request', 'write null for no request, or one of upstream, target, request, headers, body'),
  });

/** What the request to the service must be, or null when there must be none. */
const upstream = z
  .union([
    z.null().transform((): ExpectUpstream => ({ type: 'none' })),
    z.string().transform((name): ExpectUpstream => ({ type: 'sent', upstream: name })),
    upstreamKeys.transform((keys): ExpectUpstream => ({ type: 'sent', ...keys })),
  ], {
    error: (issue) =>
      withRemedy(`expected an upstream, found ${foundIn(issue.input)}`, 'write its name, { upstream, request, headers, … }, or null for no request'),
  });

/** What must become of a request. Whatever is left out may be anything. */
export const expect = z
  .strictObject({
    route: z.string().nullable().optional().describe('The route that it takes; null for none. Without it: any.'),
    policies: z
      .array(z.string())
      .optional()
      .describe('The policies that run, in this order: those for every route, then those of the route, up to the one that answers. Without it: any.'),
    answeredBy: z
      .string()
      .optional()
      .describe('Who answers: `target` for the service, the name of a policy, or `gateway` for its own answers, such as 404, and errors. Without it: anybody.'),
    consumer: textMatch.optional().describe('Who is asking, as a policy has established; null for nobody. Without it: anybody.'),
    upstream: upstream.optional().describe('The request that the service gets: the name of the upstream, more about it, or null for no request. Without it: any, or none.'),
    status: integer(200, 599).optional().describe('The status that the client gets. Without it: any.'),
    error: textMatch.optional().describe('The code of the error or of the refusal, as in the access log; null for none. Without it: any.'),
    headers: headersMatch.optional().describe('Headers that the client gets; null for one that it must not get. Without it: any.'),
    body: bodyMatch.optional().describe('The body that the client gets: a text, `/…/`, null for none, or JSON with at least this in it. Without it: any.'),
  })
  .refine((keys) => Object.values(keys).some((value) => value !== undefined), {
    error: () => withRemedy('nothing is expected', 'write what must come of it, such as status: 200 or route: orders'),
  });

/** What must become of a request. */
export type Expect = z.output<typeof expect>;

/** What must be sent to a service. */
export type ExpectUpstream =
  { readonly type: 'none' } | ({ readonly type: 'sent' } & z.output<typeof upstreamKeys>);

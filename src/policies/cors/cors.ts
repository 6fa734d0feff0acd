import { z } from 'zod';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { fieldName } from '../../core/option-schemas.ts';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { isToken, parseTokenList } from '../../http/field.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { compileOrigins, originMistake } from './origins.ts';

const origin = z.string().superRefine((text, context) => {
  const mistake = originMistake(text);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

const methodName = z.string().regex(/^[A-Z]{1,20}$/, {
  error: (issue) =>
    withRemedy(`${JSON.stringify(issue.input)} is not a method`, 'write it in capitals, such as GET'),
});

const options = z.strictObject({
  origins: z
    .union([z.literal('*'), z.array(origin).min(1).max(1000)])
    .describe(
      'Who may read the answers: `"*"` for every page, or a list of origins such as `https://app.example.com` and `https://*.example.com`. Has no default: nobody is let in unnamed.',
    ),
  methods: z
    .array(methodName)
    .min(1)
    .max(50)
    .default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .describe('The methods that a page may use. Without it: GET, HEAD, POST, PUT, PATCH and DELETE.'),
  headers: z
    .union([z.literal('*'), z.array(fieldName()).max(100)])
    .default('*')
    .describe(
      'The request headers that a page may set: a list, or `"*"` for those it asks for. Without it: `"*"`.',
    ),
  exposedHeaders: z
    .array(fieldName())
    .max(100)
    .default([])
    .describe(
      'The response headers that a page may read beyond the few that it always may. Without it: none.',
    ),
  credentials: z
    .boolean()
    .default(false)
    .describe('Whether a page may send cookies and other credentials of the user. Without it: no.'),
  maxAge: duration({ min: '1s', max: '24h', off: true })
    .prefault('10m')
    .describe(
      'How long a browser may remember the answer to a preflight; 0 for not at all. Without it: 10m.',
    ),
});

/** What an answer must not carry from elsewhere once this policy decides (Fetch §3.2.3). */
const answerFields = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
];

/** How many characters of `Access-Control-Request-Headers` are answered; browsers ask for far fewer. */
const MAX_REQUESTED = 4096;

/**
 * Cross-origin resource sharing: says which pages may read the answers, and answers preflights without asking the target.
 * Fetch standard, §3.2; `Vary` as §3.2.5 there and RFC 9110 §12.5.5 ask.
 */
export const cors = definePolicy({
  name: 'cors',
  description: 'Lets pages from other origins call the service, and answers their preflights.',
  options,
  create(given, setup) {
    const { origins, credentials } = given;
    const anyone = origins === '*';
    if (anyone && credentials) {
      throw new PolicyOptionError(
        ['origins'],
        'credentials for every origin would let any page act as the user',
        'list the origins that may send credentials',
      );
    }
    const isAllowed = anyone ? undefined : compileOrigins(origins);
    const methods = given.methods.join(', ');
    const fixedHeaders = given.headers === '*' ? undefined : given.headers.join(', ');
    const exposed = given.exposedHeaders.join(', ');
    const maxAge = String(Math.floor(given.maxAge / 1000));
    const preflights = setup.metrics.counter('preflights', 'Preflights answered by the gateway.');
    // What onRequest leaves for onResponse, as other policies may edit the headers in between.
    const originKey = Symbol('origin');
    const requestedKey = Symbol('requested headers');

    return {
      onRequest(exchange): Reply | undefined {
        const received = soleValue(exchange.request.headers, 'origin');
        if (received === undefined) return undefined;
        if (isAllowed?.(received) === true) exchange.state.set(originKey, received);
        if (!isPreflight(exchange)) return undefined;
        preflights.add();
        exchange.state.set(requestedKey, fixedHeaders ?? requestedHeaders(exchange));
        return { status: 204 };
      },
      onResponse(exchange, { headers }) {
        for (const name of answerFields) headers.delete(name);
        const requested = exchange.state.get(requestedKey);
        const answersPreflight = typeof requested === 'string';
        if (!anyone) addVary(headers, 'Origin');
        if (answersPreflight) {
          addVary(headers, 'Access-Control-Request-Method');
          addVary(headers, 'Access-Control-Request-Headers');
        }
        // For everybody it is sent to everybody: without Vary, a cache may give one client's answer to another.
        const allowed = anyone ? '*' : exchange.state.get(originKey);
        if (typeof allowed !== 'string') return;
        headers.append('Access-Control-Allow-Origin', allowed);
        if (credentials) headers.append('Access-Control-Allow-Credentials', 'true');
        if (answersPreflight) {
          headers.append('Access-Control-Allow-Methods', methods);
          if (requested !== '') headers.append('Access-Control-Allow-Headers', requested);
          headers.append('Access-Control-Max-Age', maxAge);
        } else if (exposed !== '') {
          headers.append('Access-Control-Expose-Headers', exposed);
        }
      },
    };
  },
});

/**
 * Only `OPTIONS` with an origin and the method that is to follow is a preflight (Fetch §3.2.2); any other `OPTIONS` is the
 * service's. Headers that claim another method have no say (HARDENING F53).
 */
function isPreflight({ request }: Exchange): boolean {
  if (request.method !== 'OPTIONS') return false;
  const method = soleValue(request.headers, 'access-control-request-method');
  return method !== undefined && isToken(method);
}

/**
 * The headers that a page asks to send, as a list to answer with; '' when there are none or they are not well-formed. A
 * list, because `*` does not stand for `Authorization`, and for nothing at all with credentials.
 */
function requestedHeaders({ request }: Exchange): string {
  const lines = request.headers.getAll('access-control-request-headers').join(',');
  if (lines.length > MAX_REQUESTED) return '';
  const names = parseTokenList(lines);
  return names.every(isToken) ? names.join(', ') : '';
}

/** The value of a header that comes once; of two, nobody knows which the other side reads. */
function soleValue(headers: HeaderList, lowerName: string): string | undefined {
  const values = headers.getAll(lowerName);
  return values.length === 1 ? values[0] : undefined;
}

/** Names a request header that the answer depends on, unless it is named already (RFC 9110 §12.5.5). */
function addVary(headers: HeaderList, name: string): void {
  const present = headers.getAll('vary').join(', ');
  const named = parseTokenList(present);
  if (named.includes('*') || named.includes(name.toLowerCase())) return;
  headers.set('Vary', named.length === 0 ? name : `${present}, ${name}`);
}

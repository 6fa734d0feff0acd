import { z } from 'zod';
import { definePolicy } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { compileFrames, frames } from './frames.ts';
import { compileHsts, hsts } from './hsts.ts';

/** A value written out by the operator; line breaks, as YAML blocks make them, become spaces. */
const policyText = z
  .string()
  .min(1)
  .max(8192)
  .transform((text) => text.replace(/\s+/g, ' ').trim())
  .refine((text) => /^[ -~]+$/.test(text), {
    error: () => withRemedy('the value holds characters that a header cannot carry', 'write plain ASCII'),
  });

const options = z.strictObject({
  hsts,
  contentTypeOptions: z
    .boolean()
    .default(true)
    .describe('Whether X-Content-Type-Options: nosniff forbids browsers to guess at types. Without it: yes.'),
  frames,
  contentSecurityPolicy: z
    .union([policyText, z.literal(false)])
    .prefault(false)
    .describe(
      'A Content-Security-Policy; the directive for `frames` is added when it has none. Without it: only that directive.',
    ),
  referrerPolicy: z
    .union([
      z.enum([
        'no-referrer',
        'no-referrer-when-downgrade',
        'origin',
        'origin-when-cross-origin',
        'same-origin',
        'strict-origin',
        'strict-origin-when-cross-origin',
        'unsafe-url',
      ]),
      z.literal(false),
    ])
    .default('strict-origin-when-cross-origin')
    .describe(
      'Referrer-Policy: how much of a URL other sites learn; false sends none. Without it: strict-origin-when-cross-origin.',
    ),
  permissionsPolicy: z
    .union([policyText, z.literal(false)])
    .prefault(false)
    .describe('Permissions-Policy, such as camera=(), geolocation=(self). Without it: none is sent.'),
  crossOriginOpenerPolicy: z
    .union([z.enum(['same-origin', 'same-origin-allow-popups', 'unsafe-none']), z.literal(false)])
    .default('same-origin-allow-popups')
    .describe(
      'Cross-Origin-Opener-Policy: whether pages of other origins share a window group; false sends none. Without it: same-origin-allow-popups.',
    ),
  crossOriginResourcePolicy: z
    .union([z.enum(['same-origin', 'same-site', 'cross-origin']), z.literal(false)])
    .default('same-site')
    .describe(
      'Cross-Origin-Resource-Policy: which sites may embed the answers; false sends none. Without it: same-site.',
    ),
  override: z
    .boolean()
    .default(false)
    .describe(
      'Whether these headers replace those that the service has set itself. Without it: no, the service knows better.',
    ),
});

/** A header to send. */
interface Line {
  readonly name: string;
  readonly lowerName: string;
  readonly value: string;
}

/** Sends the headers that make browsers careful, on every answer, unless the service has set them itself. */
export const securityHeaders = definePolicy({
  name: 'security-headers',
  description: 'Sends the headers that tell browsers to be careful with the answers.',
  options,
  create(given) {
    const hstsValue = compileHsts(given.hsts);
    const lines = compileLines(given);
    const httpsLines =
      hstsValue === undefined ? lines : [line('Strict-Transport-Security', hstsValue), ...lines];
    return {
      onResponse(exchange, { headers }) {
        // On plain http it would say nothing, for anybody could have sent it (RFC 6797 §7.2).
        send(headers, exchange.client.scheme === 'https' ? httpsLines : lines, given.override);
      },
    };
  },
});

function send(headers: HeaderList, lines: readonly Line[], override: boolean): void {
  for (const { name, lowerName, value } of lines) {
    if (override) headers.set(name, value);
    else if (!headers.has(lowerName)) headers.append(name, value);
  }
}

function compileLines(given: z.output<typeof options>): Line[] {
  const { frameAncestors, frameOptions } = compileFrames(given.frames);
  const values: readonly (readonly [name: string, value: string | false | undefined])[] = [
    ['X-Content-Type-Options', given.contentTypeOptions && 'nosniff'],
    ['X-Frame-Options', frameOptions],
    ['Content-Security-Policy', contentSecurityPolicy(given.contentSecurityPolicy, frameAncestors)],
    ['Referrer-Policy', given.referrerPolicy],
    ['Permissions-Policy', given.permissionsPolicy],
    ['Cross-Origin-Opener-Policy', given.crossOriginOpenerPolicy],
    ['Cross-Origin-Resource-Policy', given.crossOriginResourcePolicy],
  ];
  return values.flatMap(([name, value]) => (typeof value === 'string' ? [line(name, value)] : []));
}

/** What the operator wrote about frames in the policy itself goes before the option. */
function contentSecurityPolicy(text: string | false, frameAncestors: string | undefined): string | undefined {
  if (text === false) return frameAncestors;
  const namesFrames = text.split(';').some((directive) => /^\s*frame-ancestors\b/i.test(directive));
  if (frameAncestors === undefined || namesFrames) return text;
  return `${text.replace(/[; ]+$/, '')}; ${frameAncestors}`;
}

function line(name: string, value: string): Line {
  return { name, lowerName: name.toLowerCase(), value };
}

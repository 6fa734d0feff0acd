import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';

const source = z
  .string()
  .regex(/^(?:self|https?:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::(?:\d{1,5}|\*))?)$/, {
    error: (issue) =>
      withRemedy(
        `${JSON.stringify(issue.input)} is not an origin that may embed pages`,
        'write `self` or scheme and host, such as https://app.example.com or https://*.example.com',
      ),
  });

/** Who may show the pages in a frame. */
export const frames = z
  .union([z.enum(['deny', 'same-origin']), z.array(source).min(1).max(100), z.literal(false)])
  .default('same-origin')
  .describe(
    'Who may show the pages in a frame: deny for nobody, same-origin, or a list of origins; false sends no header about it. Sent as frame-ancestors, and as X-Frame-Options where that can say it. Without it: same-origin.',
  );

/** The two headers that browsers know for it; older ones only the second. */
export interface CompiledFrames {
  /** The directive of a Content-Security-Policy (CSP Level 3 §6.4.2), or undefined. */
  readonly frameAncestors: string | undefined;
  /** The value of X-Frame-Options (RFC 7034), which cannot hold a list; or undefined. */
  readonly frameOptions: string | undefined;
}

/** What the option stands for in headers. */
export function compileFrames(option: z.output<typeof frames>): CompiledFrames {
  if (option === false) return { frameAncestors: undefined, frameOptions: undefined };
  if (option === 'deny') return { frameAncestors: "frame-ancestors 'none'", frameOptions: 'DENY' };
  if (option === 'same-origin')
    return { frameAncestors: "frame-ancestors 'self'", frameOptions: 'SAMEORIGIN' };
  const sources = option.map((origin) => (origin === 'self' ? "'self'" : origin));
  return { frameAncestors: `frame-ancestors ${sources.join(' ')}`, frameOptions: undefined };
}

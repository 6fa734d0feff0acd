import { z } from 'zod';
import { PolicyOptionError } from '../../core/policy.ts';
import { duration } from '../../core/units.ts';

/** What the list of sites that browsers ship with asks of its members, in seconds. */
const PRELOAD_MAX_AGE = 365 * 86_400;

const hstsOptions = z.strictObject({
  maxAge: duration({ min: '1s', max: '1460d', off: true })
    .prefault('365d')
    .describe('How long a browser uses https only; 0 makes it forget. Without it: 365d.'),
  includeSubDomains: z
    .boolean()
    .default(false)
    .describe(
      'Whether all names below the host are meant too; every one of them then needs https. Without it: no.',
    ),
  preload: z
    .boolean()
    .default(false)
    .describe(
      'Whether the host may be put on the list that browsers ship with, which is hard to get off. Without it: no.',
    ),
});

/** HTTP Strict Transport Security (RFC 6797). */
export const hsts = z
  .union([hstsOptions, z.literal(false)])
  .prefault({})
  .describe(
    'Strict-Transport-Security, sent on https only: tells browsers to come back by https. false sends none. Without it: for 365 days, without subdomains.',
  );

/**
 * The value of the header (RFC 6797 §6.1), or undefined when there is to be none.
 * @throws PolicyOptionError when `preload` is asked for without what the list requires.
 */
export function compileHsts(option: z.output<typeof hsts>): string | undefined {
  if (option === false) return undefined;
  const seconds = Math.floor(option.maxAge / 1000);
  if (option.preload && (!option.includeSubDomains || seconds < PRELOAD_MAX_AGE)) {
    throw new PolicyOptionError(
      ['hsts', 'preload'],
      'the preload list takes only hosts with all their subdomains, for a year or longer',
      'set includeSubDomains: true and maxAge: 365d or more, or leave preload out',
    );
  }
  return [`max-age=${seconds}`, option.includeSubDomains && 'includeSubDomains', option.preload && 'preload']
    .filter((part) => part !== false)
    .join('; ');
}

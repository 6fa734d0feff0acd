import { checkFieldName } from '../../core/option-schemas.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import type { ForwardAuthOptions } from './options.ts';
import { forwardedNames, HOPS } from './question.ts';

/** @throws PolicyOptionError when options make no sense together, or name headers that are not for them to name. */
export function checkOptions(options: ForwardAuthOptions): void {
  const { requestHeaders, responseHeaders, refusalHeaders, cache } = options;
  for (const list of ['requestHeaders', 'responseHeaders', 'refusalHeaders'] as const)
    for (const [index, name] of options[list].entries()) checkFieldName([list, index], name);
  for (const [index, name] of requestHeaders.entries()) {
    const remedy = remedyFor(name.toLowerCase());
    if (remedy !== undefined)
      throw new PolicyOptionError(['requestHeaders', index], `"${name}" is the gateway's to write`, remedy);
  }
  for (const [list, names] of [
    ['responseHeaders', responseHeaders],
    ['refusalHeaders', refusalHeaders],
  ] as const) {
    const coding = names.findIndex((name) => name.toLowerCase() === 'content-encoding');
    if (coding !== -1)
      throw new PolicyOptionError([list, coding], 'no answer is passed on encoded', 'leave it out');
  }
  if (options.redirects && !refusalHeaders.some((name) => name.toLowerCase() === 'location'))
    throw new PolicyOptionError(
      ['redirects'],
      'a redirect needs its Location',
      'add Location to `refusalHeaders`',
    );
  checkConsumer(options);
  const told = new Set([...requestHeaders, ...forwardedNames].map((name) => name.toLowerCase()));
  for (const [index, name] of cache?.by?.entries() ?? []) {
    if (told.has(name.toLowerCase())) continue;
    throw new PolicyOptionError(
      ['cache', 'by', index],
      `the service is not told "${name}"`,
      'leave it out, or add it to `requestHeaders`',
    );
  }
}

function checkConsumer({ consumerHeader, groupsHeader, scopesHeader, optional }: ForwardAuthOptions): void {
  if (consumerHeader !== undefined) return;
  const without = Object.entries({ groupsHeader, scopesHeader, optional: optional || undefined });
  const [name] = without.find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  throw new PolicyOptionError(
    [name],
    `\`${name}\` says something of a consumer, and no header says who it is`,
    'add `consumerHeader`, or leave it out',
  );
}

function remedyFor(name: string): string | undefined {
  if (name === 'accept-encoding' || name === HOPS.toLowerCase()) return 'leave it out';
  return /^(?:x-forwarded(?:-.*)?|forwarded|x-real-ip)$/.test(name)
    ? 'leave it out: where the request comes from is said in X-Forwarded-For, -Host, -Proto, -Method and -Uri'
    : undefined;
}

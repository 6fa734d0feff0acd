import { withRemedy } from '../../core/remedy.ts';

/** Answers whether an origin is one of those that the operator listed. */
export type OriginMatcher = (origin: string) => boolean;

/** `scheme://host[:port]`, where the host may start with `*.`; captures scheme, star, host and port. */
const form = /^([a-z][a-z0-9+.-]*):\/\/(\*\.)?(\[[0-9a-f:.]+\]|[^/?#:@[\]*\s]+)(:\d{1,5})?$/;

/** The longest origin that is looked at: a scheme, a DNS name and a port fit. */
const MAX_ORIGIN = 300;

/**
 * What is wrong with an origin as somebody wrote it into the configuration, and what to write instead; undefined when
 * nothing is. Only the spelling that browsers send is right (RFC 6454 §6.1): it is compared letter by letter.
 */
export function originMistake(text: string): string | undefined {
  if (text === 'null') {
    return withRemedy(
      '"null" is the origin of every sandboxed frame and local file, so any site could use it',
      'serve the page from a host of its own, and name that',
    );
  }
  if (text === '*') {
    return withRemedy(
      '"*" stands for every origin, so others beside it say nothing',
      'write "*" alone, or leave it out',
    );
  }
  const parts = form.exec(text);
  if (parts === null) return withRemedy(`${JSON.stringify(text)} is not an origin`, remedyFor(text));
  const [, scheme = '', star, host = '', port = ''] = parts;
  if (star !== undefined && !host.includes('.') && host !== 'localhost') {
    return withRemedy(
      `"${text}" matches every site under .${host}`,
      `write a domain of your own, such as ${scheme}://*.example.${host}`,
    );
  }
  const canonical = canonicalHost(scheme, host + port);
  if (canonical === undefined) {
    return withRemedy(`"${text}" is not an origin`, 'write https:// and a host name');
  }
  const right = `${scheme}://${star ?? ''}${canonical}`;
  return right === text
    ? undefined
    : withRemedy(`"${text}" is not how a browser spells this origin`, `write ${right}`);
}

/**
 * Compiles origins that {@link originMistake} has found right. An origin with `*.` matches one or more labels in front of
 * the rest, on the same scheme and port, and not the bare domain.
 */
export function compileOrigins(origins: readonly string[]): OriginMatcher {
  const exact = new Set(origins.filter((origin) => !origin.includes('*')));
  const wildcards = origins
    .filter((origin) => origin.includes('*'))
    .map((origin) => {
      const star = origin.indexOf('*');
      return { prefix: origin.slice(0, star), suffix: origin.slice(star + 1) };
    });
  if (wildcards.length === 0) return (origin) => exact.has(origin);
  return (origin) =>
    exact.has(origin) ||
    (origin.length <= MAX_ORIGIN &&
      wildcards.some(
        ({ prefix, suffix }) =>
          origin.startsWith(prefix) &&
          origin.endsWith(suffix) &&
          areLabels(origin.slice(prefix.length, origin.length - suffix.length)),
      ));
}

/** Labels of a host and the dots between them. Anything else before the suffix could be another host or a user name. */
function areLabels(text: string): boolean {
  return text.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}

function remedyFor(text: string): string {
  if (/^[A-Za-z0-9.-]+(:\d+)?$/.test(text)) return `write https://${text.toLowerCase()}, with its scheme`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.origin !== 'null' && !text.includes('*'))
    return `write ${url.origin}: scheme, host and port`;
  return 'write scheme, host and port, such as https://app.example.com or https://*.example.com';
}

/** Host and port as a browser writes them: lower case, internationalised names as punycode, no default port. */
function canonicalHost(scheme: string, hostAndPort: string): string | undefined {
  if (scheme !== 'http' && scheme !== 'https') return hostAndPort;
  const url = `${scheme}://${hostAndPort}`;
  return URL.canParse(url) ? new URL(url).host : undefined;
}

import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { VariablePart } from './template.ts';
import type { TemplateVariable } from './template-variables.ts';

/**
 * Variables that hold Unicode text. All others hold what came over the wire: latin1, one character an octet.
 */
const textVariables: ReadonlySet<TemplateVariable> = new Set([
  'params',
  'consumer.id',
  'consumer.groups',
  'consumer.scopes',
  'consumer.claims',
  'route.name',
]);

/** C0, DEL; in text C1 and unpaired surrogates as well. None of them has any business in a header or a URL. */
const badOctet = /[\x00-\x08\x0a-\x1f\x7f]/;
const badText =
  /[\x00-\x08\x0a-\x1f\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Everything but `unreserved` and those of `sub-delims / ":" / "@"` that no service reads as structure (RFC 3986 §3.3). */
const notPathText = /[^A-Za-z0-9\-._~!$&'()*+,:=@/]/gu;
/** Everything but `unreserved` (RFC 3986 §2.3): a value must not end the pair that it stands in. */
const notQueryText = /[^A-Za-z0-9\-._~]/gu;
/** What may not stand in a URL at all, and `#`, which would start a fragment. */
const notUrlText = /[^!-~]|["#<>\\^`{|}]/gu;
const notUrlPathText = /[^!-~]|["#<>?\\^`{|}]/gu;

/**
 * The value of a variable as it may stand in a header: Unicode text becomes UTF-8 octets, octets stay as they are.
 * @throws GatewayError `bad_request` or `bad_path` for CR, LF, NUL and every other control: never sent (RFC 9110 §5.5).
 */
export function headerText(value: string, part: VariablePart): string {
  refuseControls(value, part);
  // A character above 0xFF would lose its upper half on the wire, and U+010A would arrive as a line feed.
  return isBelow(value, isText(part) ? 0x80 : 0x100) ? value : utf8Octets(value);
}

/**
 * The value of a variable as it may stand in a path. Slashes stay, because a parameter may hold several segments; but
 * where the request's path has encoded ones, a slash in a parameter may have been one of those, and all leave encoded:
 * nobody gets deeper into the target's paths than the template says.
 * @throws GatewayError `bad_request` or `bad_path` for controls.
 */
export function pathText(value: string, part: VariablePart, exchange: Exchange): string {
  refuseControls(value, part);
  if (part.variable === 'request.path') return value.replace(notUrlPathText, percentOctet);
  const text = value.replace(notPathText, isText(part) ? percentUtf8 : percentOctet);
  if (part.variable === 'params' && text.includes('/') && !/%2f/i.test(exchange.request.path)) return text;
  return text.replaceAll('/', '%2F');
}

/**
 * The value of a variable as it may stand behind a `?` or a `#`.
 * @throws GatewayError `bad_request` or `bad_path` for controls.
 */
export function queryText(value: string, part: VariablePart): string {
  refuseControls(value, part);
  if (part.variable === 'request.query') return safeQuery(value);
  return value.replace(notQueryText, isText(part) ? percentUtf8 : percentOctet);
}

/** A received query as it may stand in a URL: what has no place there is percent-encoded, all else stays as it is. */
export function safeQuery(query: string): string {
  return query.replace(notUrlText, percentOctet);
}

/** A text as UTF-8, one character an octet: how a header carries what is not ASCII. */
export function utf8Octets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Whether the code of every character is below the limit: 0x80 for ASCII, 0x100 for latin1. */
export function isBelow(text: string, limit: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= limit) return false;
  return true;
}

function isText(part: VariablePart): boolean {
  return textVariables.has(part.variable);
}

function refuseControls(value: string, part: VariablePart): void {
  if (!(isText(part) ? badText : badOctet).test(value)) return;
  const code = part.variable === 'params' ? 'bad_path' : 'bad_request';
  throw new GatewayError(code, `the value of \${${part.name}} contains a control character`);
}

function percentUtf8(character: string): string {
  return encodeURIComponent(character).replace(/[!'()*]/g, percentOctet);
}

function percentOctet(character: string): string {
  if (character.charCodeAt(0) > 0xff) return percentUtf8(character.toWellFormed());
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

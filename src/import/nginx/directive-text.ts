import { isSecretName } from '../../config/substitute.ts';
import { isSecretHeader } from '../secret-texts.ts';
import type { Directive } from './parse-nginx.ts';

/** A directive as a report and a comment show it: without what may be a secret. */
export function directiveText({ name, args }: Directive): string {
  if (isSecretName(name) && !name.endsWith('_file')) return `${name} …`;
  if (name === 'if') return conditionText(args);
  const [first = '', second = ''] = args;
  const secret =
    (/_(?:set_header|param)$/.test(name) && isSecretHeader(first, second)) ||
    (name === 'set' && (isSecretName(first) || isSecretHeader(first, second)));
  return [name, ...(secret ? [first, '…'] : args.map(withoutCredentials))].join(' ');
}

/** A URL without its user and the values in its query. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, '//…@').replace(/([?&][^=?&\s]*=)[^&\s$]+/g, '$1…');
}

/** Variables that nobody compares with a secret. */
const harmless =
  /^\(?\s*!?(?:-[defx]|\$(?:request_method|scheme|https|host|server_\w+|(?:request_|document_)?uri|request_filename|remote_addr|content_type|http_(?:host|user_agent|referer|origin|upgrade|x_forwarded_\w+|accept\w*))\b)/;

/** What is compared may be a key that clients send. */
function conditionText(args: readonly string[]): string {
  const text = args.join(' ');
  if (harmless.test(text)) return `if ${text}`;
  const variable = /\$\w+/.exec(text)?.[0];
  return `if (${variable === undefined ? '' : `${variable} `}…)`;
}

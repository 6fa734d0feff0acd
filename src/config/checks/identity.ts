import { reservedRemedy } from '../../core/option-schemas.ts';
import { compileHeaderTemplate } from '../../core/header-template.ts';
import { TemplateError } from '../../core/template.ts';
import type { TemplateVariable } from '../../core/template-variables.ts';
import { isFieldName } from '../../http/field.ts';
import { isReservedName, LookAlikes, plainName } from '../../http/look-alikes.ts';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { isMapping, valueAt } from '../plain-value.ts';

/**
 * What may stand in a header that says who is asking: what the gateway has found out, and nothing that a client could
 * write into its request as it likes.
 */
export const identityVariables: readonly TemplateVariable[] = [
  'consumer.id',
  'consumer.groups',
  'consumer.scopes',
  'consumer.claims',
  'client.ip',
  'client.scheme',
  'request.id',
  'route.name',
];

/** Headers that the gateway, its policies or the meaning of a request depend on: deleted, they would be missed. */
const needed: ReadonlySet<string> = new Set([
  ...[
    'authorization',
    'cookie',
    'date',
    'from',
    'origin',
    'pragma',
    'priority',
    'range',
    'referer',
    'set-cookie',
  ],
  ...['traceparent', 'tracestate', 'user-agent', 'x-api-key', 'x-request-id'],
]);
const neededPrefixes = ['accept', 'access-control-', 'cache-', 'content-', 'if-', 'sec-'];
const forwarding =
  /^(?:forwarded|via|x-real-ip|x-forwarded-(?:for|host|port|prefix|proto|scheme|server)|x-original-url|x-rewrite-url)$/;

const ownName = 'give it a name of its own, such as X-User-Email';

/** Headers of `identity` that cannot be set or would be missed when deleted, and what looks for one in a request. */
export function identityMistakes(view: DocumentView): Finding[] {
  const headers = view.identity?.headers;
  if (headers === undefined) return [];
  return [...headerMistakes(headers), ...conditionMistakes(view, new LookAlikes(Object.keys(headers)))];
}

function headerMistakes(headers: Readonly<Record<string, string>>): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const path = ['identity', 'headers', name];
    const mistake = nameMistake(name);
    const plain = plainName(name);
    const earlier = seen.get(plain);
    if (mistake !== undefined) findings.push({ path, at: 'key', ...mistake });
    else if (earlier !== undefined) {
      findings.push({
        path,
        at: 'key',
        found: `"${name}" and "${earlier}" are one name to many services`,
        remedy: 'keep one of them',
      });
    }
    seen.set(plain, name);
    findings.push(...templateMistakes(path, value));
  }
  return findings;
}

function nameMistake(name: string): Omit<Finding, 'path'> | undefined {
  if (!isFieldName(name) || name.length > 100) {
    const shown = name.length > 100 ? `${name.slice(0, 40)}…` : name;
    return {
      found: `${JSON.stringify(shown)} is not a header name`,
      remedy: 'write up to 100 letters, digits and hyphens, such as X-User-Email',
    };
  }
  const plain = plainName(name);
  const reserved = reservedRemedy(plain);
  if (reserved !== undefined) return { found: `"${name}" cannot say who is asking`, remedy: reserved };
  if (forwarding.test(plain)) {
    return {
      found: `the gateway writes "${name}" itself`,
      remedy: `${ownName}; for forwarding headers see forwarded, via and trustedProxies`,
    };
  }
  if (needed.has(plain) || neededPrefixes.some((prefix) => plain.startsWith(prefix))) {
    return {
      found: `"${name}" would be deleted from every request, and has a meaning there`,
      remedy: ownName,
    };
  }
  return undefined;
}

function templateMistakes(path: readonly string[], value: string): Finding[] {
  try {
    compileHeaderTemplate(value, [], identityVariables);
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [{ path, found: error.message, remedy: error.remedy }];
  }
}

/** A route that asks for a header which no request has any more when routes are looked up never wins. */
function conditionMistakes({ routes, raw }: DocumentView, names: LookAlikes): Finding[] {
  return routes.flatMap(({ headers = [] }, index) => {
    const path = ['routes', index, 'headers'];
    const written = valueAt(raw, path);
    const keys = isMapping(written) ? Object.keys(written) : [];
    return headers
      .filter(({ name }) => names.has(name) || isReservedName(name, 0, name.length))
      .map(({ name }): Finding => {
        const key = keys.find((each) => each.toLowerCase() === name) ?? name;
        return {
          path: [...path, key],
          at: 'key',
          found: `the route never matches: "${key}" is deleted from every request first`,
          remedy: 'leave the condition out; only the gateway says who is asking',
        };
      });
  });
}

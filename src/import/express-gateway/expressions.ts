import { literal } from '../draft.ts';

/** What stands for an expression of JavaScript that Express Gateway would run for each request. */
const expressions: readonly (readonly [pattern: RegExp, template: string])[] = [
  [/^(?:egContext\.)?req\.(?:ip|connection\.remoteAddress)$/, '${client.ip}'],
  [/^(?:egContext\.)?req\.(?:hostname|host)$/, '${request.host}'],
  [/^(?:egContext\.)?req\.method$/, '${request.method}'],
  [/^(?:egContext\.)?req\.path$/, '${request.path}'],
  [/^(?:egContext\.)?req\.protocol$/, '${client.scheme}'],
  [/^(?:egContext\.)?requestID$/, '${request.id}'],
  [/^(?:egContext\.)?(?:req\.user|consumer)\.id$/, '${consumer.id}'],
];

/** A template for an expression; undefined for all but the plainest. */
export function templateOfExpression(expression: string): string | undefined {
  const text = expression.trim();
  const fixed = /^(?:'([^'\\]*)'|"([^"\\]*)"|(-?\d+(?:\.\d+)?))$/.exec(text);
  if (fixed !== null) return literal(fixed[1] ?? fixed[2] ?? fixed[3] ?? '');
  const header = /^(?:egContext\.)?req\.headers(?:\[['"]([\w-]+)['"]\]|\.(\w+))$/.exec(text);
  if (header !== null) return `\${request.header.${(header[1] ?? header[2] ?? '').toLowerCase()}}`;
  const parameter = /^(?:egContext\.)?req\.params\.([A-Za-z_]\w*)$/.exec(text)?.[1];
  if (parameter !== undefined) return `\${params.${parameter}}`;
  return expressions.find(([pattern]) => pattern.test(text))?.[1];
}

/** What requests are told apart by, from a template such as `${req.ip}`. */
export function keyOfTemplate(template: string): string | undefined {
  const inner = /^\$\{([^}]+)\}$/.exec(template.trim())?.[1];
  switch (inner === undefined ? undefined : templateOfExpression(inner)) {
    case '${client.ip}':
      return 'ip';
    case '${consumer.id}':
      return 'consumer';
    case '${request.host}':
      return 'route';
    default: {
      const header = /^\$\{request\.header\.([\w-]+)\}$/.exec(templateOfExpression(inner ?? '') ?? '')?.[1];
      return header === undefined ? undefined : `header:${header}`;
    }
  }
}

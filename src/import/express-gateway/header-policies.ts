import type { DraftPolicy } from '../draft.ts';
import type { Place, ReportWriter } from '../report.ts';
import { isSecretHeader, moveSecret } from '../secret-texts.ts';
import { reportOthers } from './other-keys.ts';
import { templateOfExpression } from './expressions.ts';
import type { PolicyReader, ReadPolicy } from './policy-reader.ts';
import { at, entriesOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** `headers`. */
export function readHeaders(
  action: Tree | undefined,
  what: string,
  place: Place,
  reader: PolicyReader,
): readonly DraftPolicy[] {
  const prefix = textOf(at(action, 'headersPrefix')) ?? '';
  reportOthers(action, ['headersPrefix', 'forwardHeaders'], what, reader.report);
  const set: Record<string, string> = {};
  for (const [name, value] of entriesOf(at(action, 'forwardHeaders')))
    addHeader(set, `${prefix}${name}`, value, what, reader);
  return headers('request', { ...(Object.keys(set).length > 0 && { set }) }, what, place, reader.report);
}

/** `request-transformer` and `response-transformer`. */
export function readTransformer(direction: 'request' | 'response'): ReadPolicy {
  return (action, what, place, reader) => {
    const { report } = reader;
    const set: Record<string, string> = {};
    const changes = at(action, 'headers');
    reportOthers(action, ['headers', 'body'], what, report);
    reportOthers(changes, ['add', 'remove'], `${what}: headers`, report);
    for (const [name, value] of entriesOf(at(changes, 'add'))) addHeader(set, name, value, what, reader);
    const remove = textsOf(at(changes, 'remove'));
    for (const name of remove) report.translate(`${what}: remove ${name}`, 'the policy headers', place);
    const body = at(action, 'body');
    if (body !== undefined)
      report.leaveOut(
        `${what}: body`,
        'bodies go on as they come',
        'write a policy in TypeScript with a body stage (docs/policies.md)',
        body.place,
      );
    const edits = { ...(remove.length > 0 && { remove }), ...(Object.keys(set).length > 0 && { set }) };
    return headers(direction, edits, what, place, report);
  };
}

function addHeader(
  set: Record<string, string>,
  name: string,
  value: Tree,
  what: string,
  { draft, report }: PolicyReader,
): void {
  const template = templateOfExpression(textOf(value) ?? '');
  if (template === undefined || template === '') {
    report.leaveOut(
      `${what}: ${name}`,
      'it is an expression that nothing stands for',
      'the policy headers with a variable (docs/policies.md), or a policy in TypeScript',
      value.place,
    );
    return;
  }
  const constant = !/(?<!\$)\$\{/.test(template);
  set[name] =
    constant && isSecretHeader(name, template)
      ? moveSecret(
          draft,
          report,
          name,
          template.replaceAll('$${', '${'),
          `the header ${name} of ${what}`,
          value.place,
        )
      : template;
  report.translate(`${what}: ${name}`, 'the policy headers', value.place);
}

function headers(
  direction: 'request' | 'response',
  edits: Readonly<Record<string, unknown>>,
  what: string,
  place: Place,
  report: ReportWriter,
): readonly DraftPolicy[] {
  const some = Object.keys(edits).length > 0;
  report.translate(what, some ? 'the policy headers' : 'nothing: no header is left', place);
  return some ? [{ name: 'headers', options: { [direction]: edits } }] : [];
}

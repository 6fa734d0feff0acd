import { durationText, literal, type DraftPolicy } from '../draft.ts';
import type { Place } from '../report.ts';
import { reportOthers } from './other-keys.ts';
import { keyOfTemplate } from './expressions.ts';
import type { PolicyReader } from './policy-reader.ts';
import { at, isTrue, listOf, numberOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** `cors`. */
export function readCors(
  action: Tree | undefined,
  what: string,
  place: Place,
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const origin = at(action, 'origin');
  const any =
    origin === undefined || (origin.type === 'scalar' && (origin.value === '*' || origin.value === true));
  const origins = any ? '*' : listOf(origin).flatMap((item) => literal(textOf(item) ?? ''));
  if (origin?.type === 'scalar' && origin.value === false) {
    report.translate(what, 'nothing: it lets nobody read', place);
    return [];
  }
  const methods = textsOf(at(action, 'methods'));
  const headers = textsOf(at(action, 'allowedHeaders'));
  const exposed = textsOf(at(action, 'exposedHeaders'));
  const maxAge = numberOf(at(action, 'maxAge'));
  const credentials = isTrue(at(action, 'credentials'));
  if (any && credentials)
    report.leaveOut(
      `${what}: credentials`,
      'they do not go with any origin',
      'name the origins that may send them',
      place,
    );
  report.approximate(
    what,
    'the policy cors',
    'preflights are answered 204; a browser remembers that for 10m unless maxAge says otherwise',
    place,
  );
  reportOthers(
    action,
    ['origin', 'methods', 'allowedHeaders', 'exposedHeaders', 'maxAge', 'credentials'],
    what,
    report,
  );
  const options = {
    origins,
    ...(methods.length > 0 && { methods }),
    ...(headers.length > 0 && { headers }),
    ...(exposed.length > 0 && { exposedHeaders: exposed }),
    ...(credentials && !any && { credentials: true }),
    ...(maxAge !== undefined && { maxAge: maxAge === 0 ? 0 : `${Math.round(maxAge)}s` }),
  };
  return [{ name: 'cors', options }];
}

/** `rate-limit`. */
export function readRateLimit(
  action: Tree | undefined,
  what: string,
  place: Place,
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const max = numberOf(at(action, 'max')) ?? 5;
  const windowMs = numberOf(at(action, 'windowMs')) ?? 60_000;
  const template = textOf(at(action, 'rateLimitBy'));
  const by = template === undefined ? 'ip' : keyOfTemplate(template);
  if (max === 0) {
    report.translate(what, 'nothing: it is off', place);
    return [];
  }
  if (by === undefined || !Number.isInteger(max) || max < 0 || !Number.isInteger(windowMs)) {
    report.leaveOut(
      what,
      `by what it counts (${template ?? 'address'}), or how often, cannot be said`,
      'the policy rate-limit: by ip, consumer, route, header, claim or parameter',
      place,
    );
    return [];
  }
  reportOthers(
    action,
    ['max', 'windowMs', 'rateLimitBy'],
    what,
    report,
    'who comes too often is answered 429 as docs/errors.md says, and nobody is delayed',
    'nothing is needed, or a policy in TypeScript',
  );
  report.approximate(
    what,
    'the policy rate-limit',
    'windows begin at multiples of their length, not with the first request',
    place,
  );
  return [
    {
      name: 'rate-limit',
      options: {
        limit: max,
        window: durationText(windowMs),
        algorithm: 'fixed-window',
        ...(by !== 'ip' && { by }),
      },
    },
  ];
}

/** `terminate`. */
export function readTerminate(
  action: Tree | undefined,
  what: string,
  place: Place,
  { report }: PolicyReader,
): readonly DraftPolicy[] {
  const status = numberOf(at(action, 'statusCode')) ?? 400;
  const message = textOf(at(action, 'message'));
  const body = message === undefined || [204, 205, 304].includes(status) ? {} : { body: literal(message) };
  reportOthers(action, ['statusCode', 'message'], what, report);
  report.translate(what, 'the policy respond', place);
  return [{ name: 'respond', options: { status, ...body }, protects: true }];
}

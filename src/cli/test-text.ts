import { formatMistakes } from '../config/format-mistakes.ts';
import type { FileResult, PlacedDifference, Seen, StepFailure, TestResult } from '../expectations/results.ts';
import { escapeText } from '../observe/escape.ts';
import type { Paint } from '../observe/paint.ts';

/** More of a text than this is cut off: a body may be a whole page. */
const longest = 400;

/** What became of a file of expectations, for people. */
export function fileText(result: FileResult, paint: Paint, color: boolean): string {
  if (result.mistakes !== undefined) return `${formatMistakes(result.mistakes, { color })}\n`;
  const { file, configuration, tests } = result;
  if (tests.length === 0) return '';
  const head = `${paint('bold', escapeText(file))}${paint('dim', `, about ${escapeText(configuration)}`)}\n`;
  return `${head}${tests.map((test) => testText(test, file, paint)).join('')}\n`;
}

function testText({ name, failure }: TestResult, file: string, paint: Paint): string {
  if (failure === undefined) return `  ${paint('green', '✓')} ${escapeText(name)}\n`;
  return `  ${paint('red', '✗')} ${paint('bold', escapeText(name))}\n${failureText(failure, file, paint)}`;
}

function failureText(failure: StepFailure, file: string, paint: Paint): string {
  const { request, line, step, time, differences, problems, seen } = failure;
  const which = [step === undefined ? '' : `step ${step}`, time === undefined ? '' : `time ${time}`]
    .filter((part) => part !== '')
    .join(', ');
  const lines = [
    `${which === '' ? '' : `${which}: `}${paint('cyan', shown(request))}${paint('dim', `  ${file}:${line}`)}`,
    ...differences.flatMap((difference) => differenceLines(difference, file, paint)),
    ...problems.map((problem) => `${paint('yellow', '!')} ${shown(problem)}`),
    ...(seen === undefined ? [] : [paint('dim', seenText(seen))]),
  ];
  return lines.map((text) => `      ${text}\n`).join('');
}

function differenceLines(
  { path, line, expected, found }: PlacedDifference,
  file: string,
  paint: Paint,
): string[] {
  return [
    `${paint('bold', escapeText(pathText(path)))}${paint('dim', `  ${escapeText(file)}:${line}`)}`,
    `  expected  ${paint('green', shown(expected ?? 'nothing'))}`,
    `  found     ${paint('red', shown(found ?? 'nothing'))}`,
  ];
}

/** Where the request went, in a sentence. */
function seenText({ route, policies, answeredBy, status, error, detail, sent }: Seen): string {
  const took = route === null ? 'It matched no route' : `It took the route ${route}`;
  const met = policies.length === 0 ? 'met no policy' : `met ${policies.join(', ')}`;
  const who = { target: 'the service', gateway: 'the gateway' }[answeredBy] ?? `the policy ${answeredBy}`;
  const why = error === undefined ? '' : ` (${error}${detail === undefined ? '' : `: ${detail}`})`;
  const left =
    sent.length === 0
      ? 'no request left'
      : sent.map(({ request, upstream }) => `${request} left for ${upstream}`).join(', ');
  return shown(`${took}, ${met}; ${left}; ${who} answered ${status}${why}.`);
}

/** `upstream.headers.x-consumer`, `body.items[0].id` */
function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

function shown(text: string): string {
  if (text === '') return '"" (an empty text)';
  const cut = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  // A backslash stands for itself here: regular expressions are shown as they stand in the file.
  return cut.split('\\').map(escapeText).join('\\');
}

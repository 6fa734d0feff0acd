import { line } from './draft.ts';
import type { Draft, DraftLine } from './draft.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The host that every generated request names. */
export const generatedHost = 'gw.test';

const segments = [
  'users',
  '1',
  'a',
  'b.c',
  'x-y',
  '~me',
  'A',
  '%C3%A9',
  '%20',
  'a%2Db',
  ';p=1',
  'a=b',
  "it's",
  '@',
  '(1)',
];
const queries = ['', '?', '?a=1', '?a=1&b=2', '?q=%2F..%2F', '?a=b?c', '?x=%00'];
const extraLines: readonly (readonly [name: string, value: string])[] = [
  ['Accept', '*/*'],
  ['User-Agent', 'generated/1.0'],
  ['Cookie', 'a=1; b=2'],
  ['X-Empty', ''],
  ['X-Text', 'one two\tthree'],
  ['X-Latin', 'caf\xe9'],
  ['Accept-Encoding', 'gzip, br'],
  ['Referer', 'http://gw.test/x?y#z'],
];
/** Bodies that a confused reader takes for requests. */
const contents = [
  '',
  'x',
  'hello world',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n',
  '\r\n\r\n',
  'POST /smuggled HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 5\r\n\r\nhello',
  'a'.repeat(300),
];

/** A well-formed request. */
export function generateDraft(random: SeededRandom): Draft {
  const framing = random.pick(['none', 'none', 'length', 'length', 'chunked', 'chunked'] as const);
  const method =
    framing === 'none'
      ? random.pick(['GET', 'GET', 'HEAD', 'DELETE', 'OPTIONS'])
      : random.pick(['POST', 'PUT', 'PATCH', 'GET', 'DELETE']);
  const lines: DraftLine[] = [line('Host', generatedHost)];
  for (let i = random.below(4); i > 0; i--)
    lines.splice(random.below(lines.length + 1), 0, line(...random.pick(extraLines)));
  let body: string[] = [];
  if (framing === 'length') {
    const content = random.pick(contents);
    lines.splice(random.below(lines.length + 1), 0, line('Content-Length', String(content.length)));
    body = [content];
  } else if (framing === 'chunked') {
    lines.splice(random.below(lines.length + 1), 0, line('Transfer-Encoding', 'chunked'));
    body = chunk(random);
  }
  if (random.chance(0.05))
    lines.push(line('Connection', random.pick(['keep-alive', 'close', 'X-Text', 'Keep-Alive, X-Empty'])));
  return {
    before: '',
    method,
    gap: ' ',
    target: generateTarget(random),
    secondGap: ' ',
    version: 'HTTP/1.1',
    lineEnd: '\r\n',
    lines,
    headEnd: '\r\n',
    body,
  };
}

function generateTarget(random: SeededRandom): string {
  let path = '';
  for (let i = random.below(4); i >= 0; i--) path += `/${random.pick(segments)}`;
  if (random.chance(0.2)) path += '/';
  return path + random.pick(queries);
}

/** A chunked body; each element is a chunk with its framing, the last one the last chunk and what follows. */
function chunk(random: SeededRandom): string[] {
  const chunks: string[] = [];
  for (let i = random.below(4); i > 0; i--) {
    const content = random.pick(contents);
    if (content === '') continue;
    const size = content.length.toString(16);
    const spelled = random.pick([size, size.toUpperCase(), `0${size}`]);
    chunks.push(`${spelled}${random.pick(['', '', '', ';a', ';a=b', ';a="b;c"'])}\r\n${content}\r\n`);
  }
  const trailer = random.chance(0.15) ? random.pick(['X-Sum: 1\r\n', 'X-A: 1\r\nX-B: 2\r\n']) : '';
  chunks.push(`${random.pick(['0', '0', '000'])}\r\n${trailer}\r\n`);
  return chunks;
}

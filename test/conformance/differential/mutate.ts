import { findLine, insertLine, line, withLine } from './draft.ts';
import type { Draft } from './draft.ts';
import { generatedHost } from './generate.ts';
import {
  odd,
  lineEnds,
  lengths,
  codings,
  targets,
  hosts,
  methods,
  versions,
  sizes,
  ambiguousLines,
} from './odd-values.ts';
import type { SeededRandom } from './seeded-random.ts';

/** One way to spoil a request, or to spell it oddly. Gives the draft back unchanged where it does not apply. */
type Mutation = (draft: Draft, random: SeededRandom) => Draft;

const mutations: Readonly<Record<string, Mutation>> = {
  'content-length value': (draft, random) => setValue(draft, 'content-length', random.pick(lengths)),
  'content-length added': (draft, random) => addLine(draft, random, 'Content-Length', random.pick(lengths)),
  'content-length repeated': (draft, random) => {
    const at = findLine(draft, 'content-length');
    const value = draft.lines[at]?.value ?? random.pick(lengths);
    return addLine(
      draft,
      random,
      random.pick(['Content-Length', 'content-length']),
      random.chance(0.5) ? value : random.pick(lengths),
    );
  },
  'transfer-encoding value': (draft, random) => setValue(draft, 'transfer-encoding', random.pick(codings)),
  'transfer-encoding added': (draft, random) =>
    addLine(draft, random, 'Transfer-Encoding', random.pick([...codings, 'chunked', 'chunked'])),
  'host value': (draft, random) => setValue(draft, 'host', random.pick(hosts)),
  'host repeated': (draft, random) => addLine(draft, random, 'Host', random.pick([generatedHost, ...hosts])),
  'host removed': (draft) => {
    const at = findLine(draft, 'host');
    return at === -1 ? draft : withLine(draft, at);
  },
  'ambiguous line': (draft, random) => addLine(draft, random, ...random.pick(ambiguousLines)),
  'line end': (draft, random) => changeLine(draft, random, (old) => ({ ...old, end: random.pick(lineEnds) })),
  colon: (draft, random) =>
    changeLine(draft, random, (old) => ({
      ...old,
      colon: random.pick([':', ':\t', ' : ', '\t: ', '', ':  ', ' ', ':\r\n ', ':\0']),
    })),
  'line start': (draft, random) =>
    changeLine(draft, random, (old) => ({
      ...old,
      name: random.pick([' ', '\t', '\0', ':', '\r', '\n']) + old.name,
    })),
  'odd byte in a name': (draft, random) =>
    changeLine(draft, random, (old) => ({ ...old, name: insertAt(old.name, random) })),
  'odd byte in a value': (draft, random) =>
    changeLine(draft, random, (old) => ({ ...old, value: insertAt(old.value, random) })),
  'case of a name': (draft, random) =>
    changeLine(draft, random, (old) => ({
      ...old,
      name: random.chance(0.5) ? old.name.toUpperCase() : old.name.toLowerCase(),
    })),
  'head end': (draft, random) => ({ ...draft, headEnd: random.pick([...lineEnds, '', '\r\n\n']) }),
  'request line end': (draft, random) => ({ ...draft, lineEnd: random.pick(lineEnds) }),
  target: (draft, random) => ({ ...draft, target: random.pick(targets) }),
  'odd byte in the target': (draft, random) => ({ ...draft, target: insertAt(draft.target, random) }),
  gap: (draft, random) => {
    const gap = random.pick(['  ', '\t', '', ' \t', '\r', '\v', '\n']);
    return random.chance(0.5) ? { ...draft, gap } : { ...draft, secondGap: gap };
  },
  method: (draft, random) => ({ ...draft, method: random.pick(methods) }),
  version: (draft, random) => ({ ...draft, version: random.pick(versions) }),
  before: (draft, random) => ({
    ...draft,
    before: random.pick(['\r\n', '\n', '\r\n\r\n', '\r', ' ', '\0', 'x', '\r\n\r\n\r\n\r\n']),
  }),
  'chunk size': (draft, random) =>
    changeChunk(draft, random, (text) => text.replace(/^[0-9A-Fa-f]+[^\r]*/, () => random.pick(sizes))),
  'chunk size line end': (draft, random) =>
    changeChunk(draft, random, (text) => text.replace('\r\n', () => random.pick(lineEnds))),
  'chunk data end': (draft, random) =>
    changeChunk(draft, random, (text) =>
      text.replace(/\r\n$/, () => random.pick([...lineEnds, '', 'xx', 'x\r\n'])),
    ),
  'chunk data': (draft, random) => changeChunk(draft, random, (text) => insertAt(text, random)),
  'last chunk': (draft, random) =>
    replaceLastChunk(
      draft,
      random.pick([
        '0\r\n',
        '0\n\n',
        '0\r\n\n',
        '0',
        '',
        '0;a\r\n\r\n',
        '0\r\nContent-Length: 5\r\n\r\n',
        '0\r\nHost: evil\r\n\r\n',
        '0\r\nTransfer-Encoding: chunked\r\n\r\n',
        '0\r\nX\r\n\r\n',
        '0\r\nX : y\r\n\r\n',
        '0\r\nX: \0\r\n\r\n',
        '0\r\n X: y\r\n\r\n',
        '0\r\r\n\r\n',
        '0 \r\n\r\n',
        '0\r\nX: a\nY: b\r\n\r\n',
      ]),
    ),
  'body cut': (draft, random) => {
    const text = draft.body.join('');
    return text === '' ? draft : { ...draft, body: [text.slice(0, random.below(text.length))] };
  },
  'body longer': (draft, random) => ({
    ...draft,
    body: [
      ...draft.body,
      random.pick(['x', '\r\n', 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n', '0\r\n\r\n']),
    ],
  }),
  'two authorizations': (draft) =>
    insertLine(
      draft,
      draft.lines.length,
      line('Authorization', 'Basic YTpi'),
      line('authorization', 'Basic Yzpk'),
    ),
};

/** Those with the most variants come more often. */
const names = [
  ...Object.keys(mutations),
  'target',
  'target',
  'target',
  'host value',
  'ambiguous line',
  'chunk size',
];

/** A draft after one mutation, and which it was. */
export function mutate(draft: Draft, random: SeededRandom): { readonly draft: Draft; readonly name: string } {
  const name = random.pick(names);
  const mutation = mutations[name];
  if (mutation === undefined) throw new Error(`No mutation ${name}`);
  return { draft: mutation(draft, random), name };
}

/** A mutation of the bytes themselves. */
export function mutateBytes(text: string, random: SeededRandom): string {
  const at = random.below(text.length + 1);
  const until = Math.min(text.length, at + 1 + random.below(4));
  const kind = random.below(4);
  if (kind === 0) return text.slice(0, at) + text.slice(until);
  if (kind === 1) return text.slice(0, until) + text.slice(at);
  if (kind === 2) return text.slice(0, at) + random.pick(odd) + text.slice(at);
  return text.slice(0, at) + random.pick(odd) + text.slice(at + 1);
}

function insertAt(text: string, random: SeededRandom): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(odd) + text.slice(at);
}

function setValue(draft: Draft, name: string, value: string): Draft {
  const at = findLine(draft, name);
  const old = draft.lines[at];
  return old === undefined ? draft : withLine(draft, at, { ...old, value });
}

function addLine(draft: Draft, random: SeededRandom, name: string, value: string): Draft {
  return insertLine(draft, random.below(draft.lines.length + 1), line(name, value));
}

function changeLine(
  draft: Draft,
  random: SeededRandom,
  change: (old: Draft['lines'][number]) => Draft['lines'][number],
): Draft {
  const at = random.below(draft.lines.length);
  const old = draft.lines[at];
  return old === undefined ? draft : withLine(draft, at, change(old));
}

function isChunked(draft: Draft): boolean {
  return findLine(draft, 'transfer-encoding') !== -1 && draft.body.length > 0;
}

function changeChunk(draft: Draft, random: SeededRandom, change: (text: string) => string): Draft {
  if (!isChunked(draft)) return draft;
  const at = random.below(draft.body.length);
  return { ...draft, body: draft.body.map((text, i) => (i === at ? change(text) : text)) };
}

function replaceLastChunk(draft: Draft, text: string): Draft {
  return isChunked(draft) ? { ...draft, body: [...draft.body.slice(0, -1), text] } : draft;
}

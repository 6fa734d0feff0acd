import { Document, isMap, isScalar, isSeq, parse, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Draft, DraftPolicy } from './draft.ts';
import { isDeepStrictEqual } from 'node:util';
import { plainDraft } from './plain-draft.ts';
import { printable } from './printable.ts';

/** The longest list or mapping that is written on one line. */
const maxFlowLength = 78;
const lineWidth = 110;

/**
 * A draft as a commented file.
 * @param schema where editors find the JSON Schema, as seen from the file.
 */
export function writeDraft(draft: Draft, schema: string): string {
  const document = new Document(plainDraft(draft), { aliasDuplicateObjects: false });
  const root = document.contents;
  if (!isMap(root)) return '';
  for (const pair of root.items) layOut(pair, draft);
  const lines = [`yaml-language-server: $schema=${schema}`, '', ...draft.about];
  const head = lines.map((line) => `# ${printable(line)}`.trimEnd()).join('\n');
  const body = document.toString({
    lineWidth,
    singleQuote: true,
    indentSeq: true,
    flowCollectionPadding: true,
  });
  return `${head}\n\n${tightLists(body)}`;
}

/** `[a, b]` in place of `[ a, b ]`, which mappings keep: what was so in a text stays so. */
function tightLists(text: string): string {
  const tight = text.replace(
    /(^|[ {[])\[ (?=\S)|(?<=\S) \](?=[,\s\]]|$)/gm,
    (_, front: string | undefined) => (front === undefined ? ']' : `${front}[`),
  );
  return isDeepStrictEqual(parse(tight), parse(text)) ? tight : text;
}

/** Blank lines, comments and short forms for one of the keys at the top. */
function layOut({ key, value }: Pair, draft: Draft): void {
  if (!isScalar(key)) return;
  if (key.value !== 'listen' && key.value !== 'admin') key.spaceBefore = true;
  switch (key.value) {
    case 'listen':
      return layOutListen(value, draft);
    case 'upstreams':
      return layOutUpstreams(value, draft);
    case 'policies':
      return layOutPolicies(value, draft.policies);
    case 'routes':
      return layOutRoutes(value, draft);
    default:
      if (isMap(value) || isSeq(value)) shorten(value);
  }
}

function layOutListen(value: unknown, draft: Draft): void {
  const nodes = isSeq(value) ? value.items : [value];
  for (const [index, node] of nodes.entries()) {
    const comment = draft.listen[index]?.comment;
    if (comment !== undefined && isScalar(node)) node.comment = ` ${printable(comment)}`;
  }
}

function layOutUpstreams(value: unknown, { upstreams }: Draft): void {
  if (!isMap(value)) return;
  for (const [index, pair] of value.items.entries()) {
    const comment = upstreams[index]?.comment;
    if (comment !== undefined && isScalar(pair.key)) pair.key.commentBefore = commentText(comment);
    shortenInside(pair.value);
  }
}

function layOutRoutes(value: unknown, { routes }: Draft): void {
  if (!isSeq(value)) return;
  for (const [index, item] of value.items.entries()) {
    const route = routes[index];
    if (!isMap(item) || route === undefined) continue;
    item.spaceBefore = index > 0;
    if (route.comment !== undefined) item.commentBefore = commentText(route.comment);
    for (const pair of item.items) {
      const name = isScalar(pair.key) ? pair.key.value : undefined;
      if (name === 'policies') layOutPolicies(pair.value, route.policies);
      else if (isMap(pair.value) || isSeq(pair.value)) shorten(pair.value);
    }
  }
}

function layOutPolicies(value: unknown, policies: readonly DraftPolicy[]): void {
  if (!isSeq(value)) return;
  for (const [index, item] of value.items.entries()) {
    if (!isMap(item)) continue;
    const comment = policies[index]?.comment;
    if (comment !== undefined) item.commentBefore = commentText(comment);
    for (const pair of item.items) if (isMap(pair.value) || isSeq(pair.value)) shorten(pair.value);
  }
}

/** Writes a list or mapping on one line where it fits, and otherwise what is inside of it. */
function shorten(node: Node): void {
  if (!isMap(node) && !isSeq(node)) return;
  if (flowLength(node) <= maxFlowLength) node.flow = true;
  else shortenInside(node);
}

function shortenInside(node: unknown): void {
  if (isMap(node)) for (const { value } of (node as YAMLMap<unknown, Node>).items) if (value) shorten(value);
  if (isSeq(node)) for (const item of node.items) if (isMap(item) || isSeq(item)) shorten(item);
}

function flowLength(node: Node): number {
  return JSON.stringify(node).replace(/["\\]/g, '').length;
}

/** Long comments on several lines. */
function commentText(text: string): string {
  const lines: string[] = [];
  for (const word of printable(text).split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > lineWidth - 10) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => ` ${line}`).join('\n');
}

import type { Alias, Node, Pair, YAMLMap } from 'yaml';
import { maxFindings, type Finding } from './finding.ts';
import { isAlias, isMap, isScalar, isSeq } from './yaml-library.ts';

type Path = readonly (string | number)[];

/** A mistake that was seen in the text itself, with its place there. */
export interface TextFinding extends Finding {
  /** Where in the text, counted in UTF-16 code units. */
  readonly offset: number;
}

/** How many values anchors may stand for in all, so that ten lines cannot become a billion values. */
const maxAliasedValues = 100_000;

/** How long a list, and how large a mapping, may be. Each item takes a tenth of a millisecond to check. */
export const maxItems = 100_000;

/** Keys that mean something else to JavaScript. */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The tags that say no more than YAML's own rules would find out. */
const plainTags = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

/** Turns the nodes of a YAML document into plain values, and remembers where each came from. */
export class YamlValues {
  readonly findings: TextFinding[] = [];
  /** Whether there is too much of something, so that the value is not all there. */
  exhausted = false;
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  /** The pairs of each mapping in which a place was looked for, by key and by key in lower case. */
  readonly #pairs = new Map<YAMLMap, Map<string, Pair>>();
  /** What each anchored node became, and how many values that is. */
  readonly #aliased = new Map<Node, { readonly value: unknown; readonly size: number }>();
  /** The nodes that are being read just now, to see an anchor that contains itself. */
  readonly #open = new Set<Node>();
  readonly #text: string;
  #size = 0;
  #aliasedSize = 0;

  /** @param text the text that the document was read from. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The plain value of a node; what is wrong with it is added to {@link findings}. */
  read(node: Node | null, path: Path): unknown {
    if (node === null) return null;
    this.#size++;
    if (isAlias(node)) return this.#readAlias(node, path);
    if (node.tag !== undefined && !plainTags.test(node.tag)) this.#refuseTag(node, node.tag, path);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const sizeBefore = this.#size;
    this.#open.add(node);
    const value = this.#readPlain(node, path);
    this.#open.delete(node);
    if (node.anchor !== undefined) this.#aliased.set(node, { value, size: this.#size - sizeBefore + 1 });
    return value;
  }

  /** Where the value at the path stands, or its key; of what is not there, the nearest thing around it. */
  offsetOf(root: Node | null, path: Path, at: 'value' | 'key'): number {
    let node = root === null ? undefined : this.#resolve(root);
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, key] of path.entries()) {
      const last = depth === path.length - 1;
      if (isMap(node)) {
        const pair = this.#pairOf(node, String(key));
        if (pair === undefined) return offset;
        const keyStart = startOf(pair.key) ?? offset;
        const value: unknown = pair.value;
        offset = last && at === 'key' ? keyStart : (startOf(value) ?? keyStart);
        // A key with nothing behind it is best shown by the key.
        if (isScalar(value) && value.range?.[0] === value.range?.[1]) offset = keyStart;
        node = isYamlNode(value) ? this.#resolve(value) : undefined;
      } else if (isSeq(node) && typeof key === 'number') {
        const item: unknown = node.items[key];
        offset = startOf(item) ?? offset;
        node = isYamlNode(item) ? this.#resolve(item) : undefined;
      } else {
        return offset;
      }
    }
    return offset;
  }

  #readPlain(node: Exclude<Node, Alias>, path: Path): unknown {
    if (isScalar(node)) return node.value;
    if (node.items.length > maxItems) {
      this.#add(
        node.range?.[0] ?? 0,
        path,
        'there are more than 100,000 of these',
        'write less, or check that this is the right file',
      );
      this.exhausted = true;
      return undefined;
    }
    if (isMap(node)) return this.#readMap(node, path);
    return node.items.map((item, index) => this.read(isYamlNode(item) ? item : null, [...path, index]));
  }

  #readMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    const lines = new Map<string, number>();
    for (const pair of map.items) {
      const key = keyText(pair);
      const offset = startOf(pair.key) ?? map.range?.[0] ?? 0;
      if (key === undefined) {
        this.#add(
          offset,
          path,
          'this key is not a text',
          'write the key as plain text, such as path: /users',
        );
        continue;
      }
      const at = [...path, key];
      if (forbiddenKeys.has(key)) {
        this.#add(
          offset,
          at,
          `${JSON.stringify(key)} cannot be a key`,
          'leave it out, or use another name',
          'key',
        );
        continue;
      }
      if (lines.has(key)) {
        this.#add(
          offset,
          at,
          `the key ${JSON.stringify(key)} stands here twice`,
          'keep one of the two',
          'key',
        );
        continue;
      }
      lines.set(key, offset);
      values[key] = this.read(isYamlNode(pair.value) ? pair.value : null, at);
    }
    return values;
  }

  #readAlias(alias: Alias, path: Path): unknown {
    const offset = alias.range?.[0] ?? 0;
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#add(
        offset,
        path,
        `there is no anchor "&${alias.source}" above`,
        'write the anchor first, or the value itself',
      );
      return undefined;
    }
    if (this.#open.has(target)) {
      this.#add(offset, path, `the anchor "&${alias.source}" contains itself`, 'write the value itself');
      return undefined;
    }
    this.#targets.set(alias, target);
    const { value, size } = this.#aliased.get(target) ?? { value: undefined, size: 0 };
    this.#size += size;
    const before = this.#aliasedSize;
    this.#aliasedSize += size;
    if (this.#aliasedSize <= maxAliasedValues) return value;
    if (before <= maxAliasedValues) {
      this.exhausted = true;
      this.#add(
        offset,
        path,
        'the anchors stand for more than 100,000 values in all',
        'write fewer aliases, or write the values out',
      );
    }
    return undefined;
  }

  #refuseTag(node: Node, tag: string, path: Path): void {
    const shown = tag.replace(/^tag:yaml\.org,2002:/, '!!');
    // The range of a node begins behind its tag.
    const end = node.range?.[0] ?? 0;
    const bang = this.#text.lastIndexOf('!', end);
    const start = this.#text[bang - 1] === '!' ? bang - 1 : bang;
    const remedy = 'leave it out, and write a text, number, list or mapping';
    this.#add(Math.max(start, 0), path, `the tag "${shown}" is not supported`, remedy);
  }

  /** The pair of a key; that of a header also where its name is written in another case. */
  #pairOf(map: YAMLMap, key: string): Pair | undefined {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined) {
      pairs = new Map();
      for (const pair of map.items.toReversed()) {
        const text = keyText(pair);
        if (text !== undefined) pairs.set(text.toLowerCase(), pair).set(text, pair);
      }
      this.#pairs.set(map, pairs);
    }
    return pairs.get(key) ?? pairs.get(key.toLowerCase());
  }

  #resolve(node: Node): Node | undefined {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #add(offset: number, path: Path, found: string, remedy: string, at: 'value' | 'key' = 'value'): void {
    if (this.findings.length < maxFindings) this.findings.push({ offset, path, at, found, remedy });
  }
}

/** A key as text: a number or a truth value stands for what is written. */
function keyText(pair: Pair): string | undefined {
  const { key } = pair;
  if (typeof key === 'string') return key;
  if (!isScalar(key) || key.value === null) return undefined;
  return typeof key.value === 'string' ? key.value : key.source;
}

function startOf(node: unknown): number | undefined {
  return isYamlNode(node) ? node.range?.[0] : undefined;
}

function isYamlNode(value: unknown): value is Node {
  return isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);
}

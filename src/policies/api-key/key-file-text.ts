import { StringDecoder } from 'node:string_decoder';
import type { z } from 'zod';
import type { Consumer } from '../../core/exchange.ts';
import { splitRemedy } from '../../core/remedy.ts';
import { earlier } from './build-table.ts';
import { consumerOptions, isConsumerText, type ConsumerEntry } from './consumer-options.ts';
import { digestMistake, readDigest } from './digest.ts';
import { KeyTable } from './key-table.ts';

/** The longest line, in characters: a consumer with as many groups and keys as it may have takes less. */
const MAX_LINE = 256 * 1024;

/** How many mistakes are told; the others are counted. */
const MAX_TOLD = 10;

/** How much of a file a key takes with its consumer, mostly; and the largest file for which room is made beforehand. */
const OCTETS_PER_KEY = 110;
const MAX_FORESEEN = 1024 * 1024 * 1024;

/** What is wrong with a line of the file. */
export interface LineMistake {
  /** Counted from 1. */
  readonly line: number;
  readonly found: string;
  readonly remedy: string;
}

/**
 * Reads a file of keys, piece by piece as it comes: JSON Lines, each line a consumer as `consumers` has them, empty lines
 * skipped. What is read becomes a {@link KeyTable} at once, so that a million keys take no more memory than that.
 */
export class KeyFileText {
  readonly mistakes: LineMistake[] = [];
  /** Mistakes in all, also those that are not told. */
  mistakeCount = 0;
  consumers = 0;
  readonly #table: KeyTable;
  readonly #decoder = new StringDecoder('utf8');
  /** The line on which each name stands. */
  readonly #names = new Map<string, number>();
  /** Most consumers belong to the same few groups: each list of them is kept once. */
  readonly #groups = new Map<string, readonly string[]>();
  #line = 0;
  #rest = '';

  /** @param size of the whole file in octets, as far as that is known: room is made for the keys that it is likely to have. */
  constructor(size = 0) {
    this.#table = new KeyTable(Math.floor(Math.min(size, MAX_FORESEEN) / OCTETS_PER_KEY));
  }

  push(octets: Buffer): void {
    const text = this.#rest + this.#decoder.write(octets);
    let start = 0;
    for (;;) {
      const end = text.indexOf('\n', start);
      if (end === -1) break;
      this.#take(text.slice(start, end));
      start = end + 1;
    }
    this.#rest = text.slice(start);
    // What is far too long is not gathered; the mistake has been told when its first piece was cut.
    if (this.#rest.length > MAX_LINE) this.#rest = this.#rest.slice(0, MAX_LINE + 1);
  }

  /** @returns the table, or undefined when there are mistakes. */
  end(): KeyTable | undefined {
    this.#take(this.#rest + this.#decoder.end());
    if (this.consumers === 0 && this.mistakeCount === 0)
      this.#mistake('the file has no consumer', 'write one consumer a line, as JSON');
    return this.mistakeCount === 0 ? this.#table : undefined;
  }

  #take(text: string): void {
    this.#line++;
    const line = this.#line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.length > MAX_LINE) {
      this.#mistake(`the line is longer than ${MAX_LINE} characters`, 'write one consumer a line');
      return;
    }
    if (line.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      // The words of JSON.parse show what stands there, which may be a key.
      this.#mistake('this line is not JSON', 'write one consumer a line: {"name":"…","keys":["sha256:…"]}');
      return;
    }
    const plain = plainEntry(value);
    if (plain !== undefined) {
      this.#add(plain);
      return;
    }
    const read = consumerOptions.safeParse(value);
    if (read.success) this.#add(read.data);
    else this.#mistakeIn(value);
  }

  #add({ name, groups, expires, keys }: ConsumerEntry): void {
    const namesake = this.#names.get(name);
    if (namesake !== undefined) {
      this.#mistake(`line ${namesake} has this name too`, 'put all keys of a consumer on one line');
      return;
    }
    this.#names.set(name, this.#line);
    this.consumers++;
    const owner = this.#table.addConsumer(this.#consumer(name, groups));
    for (const key of keys) {
      const { digest, expires: own } = typeof key === 'string' ? { digest: key, expires: undefined } : key;
      const octets = readDigest(digest);
      const other = octets === undefined ? undefined : this.#table.add(octets, owner, earlier(own, expires));
      if (other === undefined) continue;
      const where =
        other.id === name
          ? 'this line has a key twice'
          : `line ${this.#names.get(other.id)} has this key too`;
      this.#mistake(where, 'leave one of them out: a key stands for one consumer');
    }
  }

  #consumer(id: string, groups: readonly string[]): Consumer {
    const kind = JSON.stringify(groups);
    let list = this.#groups.get(kind);
    if (list === undefined) this.#groups.set(kind, (list = Object.freeze([...groups])));
    return Object.freeze({ id, groups: list });
  }

  /** Looks again at what was refused, for the words. */
  #mistakeIn(value: unknown): void {
    const issue = consumerOptions.safeParse(value).error?.issues[0];
    const inner = issue?.code === 'invalid_union' ? mostTelling(issue.errors.flat(), issue) : issue;
    const { found, remedy = 'write {"name":"…","keys":["sha256:…"]}' } = splitRemedy(inner?.message ?? '');
    const path = [...(issue?.path ?? []), ...(inner === issue ? [] : (inner?.path ?? []))];
    this.#mistake(path.length === 0 ? found : `${path.join('.')}: ${found}`, remedy);
  }

  #mistake(found: string, remedy: string): void {
    this.mistakeCount++;
    if (this.mistakes.length < MAX_TOLD) this.mistakes.push({ line: this.#line, found, remedy });
  }
}

/**
 * A consumer as most are written: without dates and labels. By hand that takes a third of the time, which counts with a million
 * of them; whatever is not quite so is left to the schema. Undefined then.
 */
function plainEntry(value: unknown): ConsumerEntry | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { name, groups, keys } = value as Partial<Record<string, unknown>>;
  if (typeof name !== 'string' || !isConsumerText(name)) return undefined;
  if (!isListOf(keys, (key) => digestMistake(key) === undefined)) return undefined;
  if (groups !== undefined && !isListOf(groups, isConsumerText)) return undefined;
  if (Object.keys(value).length !== (groups === undefined ? 2 : 3)) return undefined;
  return { name, groups: groups ?? [], keys };
}

/** A list of at most a hundred texts, each of which passes. */
function isListOf(value: unknown, passes: (text: string) => boolean): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= 100 &&
    value.every((item) => typeof item === 'string' && passes(item))
  );
}

/** Of what is wrong with each way to write a value, that which was found by looking at the value itself. */
function mostTelling(issues: readonly z.core.$ZodIssue[], otherwise: z.core.$ZodIssue): z.core.$ZodIssue {
  return issues.find(({ code }) => code === 'custom') ?? issues[0] ?? otherwise;
}

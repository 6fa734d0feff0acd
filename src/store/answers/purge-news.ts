import { type Clock, startTimer, type Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { RedisLink, RedisReply } from '../../core/redis.ts';
import { type PurgeMessage, readPurge, writePurge } from './purge-message.ts';
import { LONGEST_KEPT } from './purge-rules.ts';
import { addScript, readScript } from './purge-scripts.ts';

/** How often Redis is asked what was purged, in milliseconds: also where messages do not come through, all know within a second. */
const INTERVAL = 500;

/** What is known of purges is good for so many milliseconds. Then nothing that others have kept is used. */
const FRESH = 2000;

/** How far back is read again after an interruption, in milliseconds: another server may have taken over, whose clock is behind. */
const OVERLAP = 60_000;

/** How many are read at once, so that no answer of Redis takes long. */
const PAGE = 250;

/** How many ids are remembered, of which the oldest go first. */
const MOST_SEEN = 20_000;

/** The lists, in one slot of a cluster. Keys are written down for those that are cut off for a moment. */
const lists = {
  purges: { key: 'cache:{purges}', most: 10_000, kept: LONGEST_KEPT },
  keys: { key: 'cache:{purges}keys', most: 2000, kept: 3600_000 },
} as const;

const channel = 'cache:purges';

/** What stands for purges that are too many to be remembered one by one. */
const everything = writePurge({ id: 'all before', what: { kind: 'all' } });

/** What news are made of. */
export interface NewsTools {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly random: Random;
  /** Another gateway has purged something. @param time by the clock of Redis, in milliseconds since the epoch. */
  readonly onPurge: (what: PurgeMessage['what'], time: number) => void;
}

/**
 * What all gateways on one Redis tell each other about purges: by a message, at once, and in lists that are read twice a
 * second, so that also who was cut off learns of it. Times are by the clock of Redis: those of machines may differ.
 */
export class PurgeNews {
  readonly #tools: NewsTools;
  readonly #self: string;
  readonly #unsubscribe: () => void;
  /** Of other gateways, the latest last. */
  readonly #seen = new Set<string>();
  /** Behind which times the lists were read; undefined before the first time. */
  #read: { readonly purges: number; readonly keys: number } | undefined;
  /** What the clock of Redis shows more than our monotonic one, in milliseconds. */
  #ahead = 0;
  #freshUntil = -Infinity;
  #interrupted = true;
  #reading = false;
  #again = false;
  #said = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(tools: NewsTools) {
    this.#tools = tools;
    this.#self = tools.random.uuid();
    this.#unsubscribe = tools.link.subscribe(channel, {
      message: (payload) => {
        const text = payload.toString('utf8');
        const space = text.indexOf(' ');
        this.#learn(text.slice(space + 1), Number(text.slice(0, space)));
      },
      listening: () => {
        this.#interrupted = true;
        void this.#catchUp();
      },
    });
    void this.#catchUp();
  }

  /**
   * What the clock of Redis shows more than the one of this machine, in milliseconds; undefined as long as nobody knows what was
   * purged: then nothing that others have kept can be used.
   */
  get ahead(): number | undefined {
    const { clock } = this.#tools;
    const now = clock.monotonic();
    // The other one may have been set meanwhile.
    return now < this.#freshUntil ? Math.round(this.#ahead + now - clock.now()) : undefined;
  }

  /**
   * Tells all others.
   * @returns its time by the clock of Redis. From then on all learn of it.
   * @throws StoreError (as a rejection) when Redis could not be told.
   */
  async tell(what: PurgeMessage['what']): Promise<number> {
    const { link } = this.#tools;
    const text = writePurge({ id: `${this.#self} ${++this.#said}`, what });
    const { key, most, kept } = what.kind === 'key' ? lists.keys : lists.purges;
    const standIn = what.kind === 'key' ? '' : everything;
    const time = Number(await link.script(addScript, [key], [text, String(most), String(kept), standIn]));
    // Whom no message reaches reads the list.
    link.publish(channel, `${time} ${text}`).catch(() => undefined);
    return time;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#unsubscribe();
  }

  /** Reads the lists, and again after a while. */
  async #catchUp(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#reading = true;
    try {
      do this.#again = false;
      while (await this.#readPage());
    } catch {
      // The link says in the log what is the matter.
      this.#interrupted = true;
    }
    this.#reading = false;
    if (this.#closed) return;
    const again = (): void => void this.#catchUp();
    const wait = this.#again ? 0 : INTERVAL;
    this.#timer = startTimer(this.#tools.clock, wait, again, { keepsProcess: false });
  }

  /** @returns whether there is more. */
  async #readPage(): Promise<boolean> {
    const { link, clock } = this.#tools;
    const since = this.#read;
    const back = this.#interrupted ? OVERLAP : 0;
    // Who begins has nothing under any key, but may find old answers of others.
    const from = [
      since === undefined ? '-inf' : `(${since.purges - back}`,
      since === undefined ? '+inf' : `(${since.keys - back}`,
    ];
    const keys = [lists.purges.key, lists.keys.key] as const;
    const reply = await link.script(readScript, [...keys], [...from, String(PAGE)]);
    if (this.#closed) return false;
    const [time, purges, dropped] = readReply(reply);
    this.#ahead = time - clock.monotonic();
    const [lastPurge, lastKey] = [this.#learnAll(purges), this.#learnAll(dropped)];
    this.#read = {
      // The list of purges was read from its beginning: what is in neither of the two lists is later than now.
      purges: lastPurge ?? since?.purges ?? 0,
      keys: lastKey ?? since?.keys ?? time - 1,
    };
    this.#interrupted = false;
    const isAll = purges.length < PAGE && dropped.length < PAGE;
    if (isAll) this.#freshUntil = clock.monotonic() + FRESH;
    return !isAll;
  }

  /** @returns the time of the last one. */
  #learnAll(entries: readonly Entry[]): number | undefined {
    for (const { text, time } of entries) this.#learn(text, time);
    return entries.at(-1)?.time;
  }

  #learn(text: string, time: number): void {
    const message = readPurge(text);
    // Another version of this program may say what this one does not understand: everything is meant, to be safe.
    const { id, what } = message ?? { id: text, what: { kind: 'all' } };
    if (Number.isNaN(time) || id.startsWith(`${this.#self} `) || this.#seen.has(id)) return;
    this.#seen.add(id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MOST_SEEN) break;
      this.#seen.delete(oldest);
    }
    this.#tools.onPurge(what, time);
  }
}

interface Entry {
  readonly text: string;
  readonly time: number;
}

/** @throws TypeError when it is not what the script returns. */
function readReply(
  reply: RedisReply,
): readonly [time: number, purges: readonly Entry[], keys: readonly Entry[]] {
  if (!Array.isArray(reply)) throw new TypeError('no list');
  const [time, purges, keys] = reply as readonly RedisReply[];
  if (typeof time !== 'number') throw new TypeError('no time');
  return [time, readEntries(purges), readEntries(keys)];
}

function readEntries(list: RedisReply | undefined): readonly Entry[] {
  if (!Array.isArray(list)) throw new TypeError('no list');
  const entries: Entry[] = [];
  for (let at = 0; at + 1 < list.length; at += 2)
    entries.push({ text: String(list[at]), time: Number(list[at + 1]) });
  return entries;
}

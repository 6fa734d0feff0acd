import type { AnswerPlace, Purge, StoredAnswer } from '../../core/answer-store.ts';
import { latest, type Moment, RuleTable } from './rule-table.ts';

/** The longest time for which an answer is kept on behalf of other machines, in milliseconds: purges are remembered for as long. */
export const LONGEST_KEPT = 24 * 3600_000;

/** How many names of each kind are remembered. Beyond that, the oldest purge counts as one of everything at its time. */
const tableBounds = { entries: 10_000, length: 4_000_000 };

/** Prefixes are looked at one by one. */
const MOST_PREFIXES = 64;

/** What may be purged. */
type Purgeable = Pick<StoredAnswer, 'place'> & { readonly head: Pick<StoredAnswer['head'], 'tags'> };

/** How far purges had come at a time. */
export interface Mark {
  readonly purges: number;
  readonly drops: number;
}

interface Prefix {
  readonly host: string | undefined;
  readonly path: string;
  readonly moment: Moment;
}

const never: Moment = { sequence: 0, here: -Infinity, there: -Infinity };

/**
 * What has been purged, and when. Purging is remembering: nothing is searched for. An answer that is older than a purge that
 * names it is dead, whoever finds it.
 */
export class PurgeRules {
  #sequence = 0;
  /** How many keys were dropped: they are counted apart, so that nobody holds what is kept against them. */
  #drops = 0;
  #all = never;
  readonly #routes = this.#table();
  readonly #tags = this.#table();
  readonly #urls = this.#table();
  #prefixes: readonly Prefix[] = [];
  /** Answers under these keys were dropped at once; what is remembered is for those that are on their way. */
  readonly #keys = new RuleTable(tableBounds, (moment) => {
    this.#forgotten = latest(this.#forgotten, moment);
  });
  /** Until when keys are forgotten: whatever is on its way since then may have been dropped. */
  #forgotten = never;

  /** The number of the latest purge. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Now, as far as purges have come. */
  get mark(): Mark {
    return { purges: this.#sequence, drops: this.#drops };
  }

  /** How many are remembered. */
  get size(): number {
    const named = this.#routes.size + this.#tags.size + this.#urls.size + this.#keys.size;
    return named + this.#prefixes.length + (this.#all === never ? 0 : 1);
  }

  /** @param here, there as in {@link Moment}. */
  add(purge: Purge, here: number, there: number): void {
    const moment: Moment = { sequence: ++this.#sequence, here, there };
    this.#forgetBefore(here - LONGEST_KEPT);
    switch (purge.kind) {
      case 'all':
        this.#all = latest(this.#all, moment);
        break;
      case 'route':
        this.#routes.set(purge.route, moment);
        break;
      case 'tag':
        this.#tags.set(purge.tag.toLowerCase(), moment);
        break;
      case 'url':
        this.#urls.set(urlName(purge.host, purge.path), moment);
        break;
      case 'prefix':
        this.#addPrefix({ host: hostName(purge.host), path: purge.path, moment });
        break;
    }
  }

  /** All that is kept under a key was dropped. @param here, there as in {@link Moment}. */
  addKey(key: string, here: number, there: number): void {
    this.#keys.set(key, { sequence: ++this.#drops, here, there });
  }

  /** Whether an answer that was kept is purged. @param sequence the number of the latest purge at that time. */
  purgedSince(answer: Purgeable, sequence: number): boolean {
    return this.#isNamed(answer, (moment) => moment.sequence > sequence);
  }

  /** Whether an answer that was asked for at that time must not be kept. */
  tooOld(key: string, answer: Purgeable, requestTime: number): boolean {
    if (requestTime <= this.#forgotten.here) return true;
    const dropped = this.#keys.get(key);
    if (dropped !== undefined && requestTime <= dropped.here) return true;
    return this.#isNamed(answer, ({ here }) => requestTime <= here);
  }

  /** Whether all under a key was dropped since. */
  droppedSince(key: string, { drops }: Mark): boolean {
    return this.#forgotten.sequence > drops || (this.#keys.get(key)?.sequence ?? 0) > drops;
  }

  /** Whether an answer of another machine is purged. @param requestTime by the clock that all have in common. */
  purgedElsewhere(key: string, answer: Purgeable, requestTime: number): boolean {
    // Keys that are forgotten here were dropped there as well.
    const dropped = this.#keys.get(key);
    if (dropped !== undefined && requestTime <= dropped.there) return true;
    return this.#isNamed(answer, ({ there }) => requestTime <= there);
  }

  #isNamed({ place, head }: Purgeable, isMeant: (moment: Moment) => boolean): boolean {
    if (isMeant(this.#all)) return true;
    const means = (moment: Moment | undefined): boolean => moment !== undefined && isMeant(moment);
    if (means(this.#routes.get(place.route))) return true;
    if (this.#tags.size > 0 && head.tags.some((tag) => means(this.#tags.get(tag)))) return true;
    const target = place.path + place.query;
    if (
      this.#urls.size > 0 &&
      (means(this.#urls.get(urlName(undefined, target))) ||
        means(this.#urls.get(urlName(place.host, target))))
    )
      return true;
    return this.#prefixes.some((prefix) => isMeant(prefix.moment) && isBelow(place, prefix));
  }

  #addPrefix(prefix: Prefix): void {
    // What lies within the new one needs no rule of its own any more.
    const within = this.#prefixes.filter((other) => isWithin(other, prefix));
    const others = this.#prefixes.filter((other) => !isWithin(other, prefix));
    const tooMany = others.slice(0, Math.max(0, others.length + 1 - MOST_PREFIXES));
    for (const { moment } of tooMany) this.#all = latest(this.#all, moment);
    const moment = within.reduce((last, other) => latest(last, other.moment), prefix.moment);
    this.#prefixes = [...others.slice(tooMany.length), { ...prefix, moment }];
  }

  #forgetBefore(time: number): void {
    const isOver = ({ here }: Moment): boolean => here < time;
    for (const table of [this.#routes, this.#tags, this.#urls, this.#keys]) table.forget(isOver);
    if (this.#prefixes.some(({ moment }) => isOver(moment)))
      this.#prefixes = this.#prefixes.filter(({ moment }) => !isOver(moment));
  }

  #table(): RuleTable {
    return new RuleTable(tableBounds, (moment) => {
      this.#all = latest(this.#all, moment);
    });
  }
}

function isBelow({ host, path, query }: AnswerPlace, prefix: Prefix): boolean {
  if (prefix.host !== undefined && prefix.host !== hostName(host)) return false;
  return path.startsWith(prefix.path) || (path + query).startsWith(prefix.path);
}

function isWithin(inner: Prefix, outer: Prefix): boolean {
  return (outer.host === undefined || outer.host === inner.host) && inner.path.startsWith(outer.path);
}

/** Hosts have no space in them. */
function urlName(host: string | undefined, target: string): string {
  return host === undefined ? target : `${hostName(host)} ${target}`;
}

/** Who writes the usual port means the same host. */
function hostName<Host extends string | undefined>(host: Host): string | Host {
  return host === undefined ? host : host.replace(/:(?:80|443)$/, '');
}

import type { Lease, Share, Shareable } from '../core/shared.ts';

interface Entry {
  readonly value: Shareable;
  users: number;
}

/** What the policies of one gateway share over routes and reloads. Each policy has its own keys. */
export class SharedValues {
  readonly #entries = new Map<string, Entry>();

  /** What a policy of that name is lent as `setup.share`. */
  of(policy: string): Share {
    return <Value extends Shareable>(key: string, make: () => Value) => this.#lend(`${policy} ${key}`, make);
  }

  #lend<Value extends Shareable>(key: string, make: () => Value): Lease<Value> {
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = { value: make(), users: 0 }));
    const held = entry;
    held.users++;
    let released = false;
    return {
      // Under one key of one policy there is one kind of value: the policy sees to that.
      value: held.value as Value,
      release: () => {
        if (released) return;
        released = true;
        if (--held.users > 0) return;
        this.#entries.delete(key);
        held.value.close?.();
      },
    };
  }
}

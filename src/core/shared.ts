/** Something that several instances of a policy have in common, until the last of them gives it back. */
export interface Lease<Value> {
  readonly value: Value;
  /** Says that it is not needed any more. Further calls do nothing. */
  release(): void;
}

/** What can be shared: it may want to know when nobody needs it any more. */
export interface Shareable {
  close?(): void;
}

/**
 * The value that is known under this key, made now if nobody has it. Instances on all routes share it, and so do those of
 * the configuration before a reload and after it: what has to survive a reload belongs here.
 * @param key says all that the value depends on; a symbol or class of its own tells kinds apart: `keys https://…`.
 */
export type Share = <Value extends Shareable>(key: string, make: () => Value) => Lease<Value>;

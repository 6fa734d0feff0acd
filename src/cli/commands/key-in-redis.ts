/** A key as `waygate key create` has made it. */
interface NewKey {
  /** `sha256:…`. */
  readonly digest: string;
  readonly name: string;
  readonly groups: readonly string[] | undefined;
  readonly expires: string | undefined;
  readonly label: string | undefined;
}

/**
 * The command for a shell that adds a key to Redis. Redis forgets it by itself when it expires.
 * @param prefix what stands before `apikey:`.
 */
export function redisCommand(prefix: string, { digest, name, groups, expires, label }: NewKey): string {
  const entry = JSON.stringify({ name, groups, expires, label });
  const key = `${prefix}apikey:${digest.slice(digest.indexOf(':') + 1)}`;
  const end = expires === undefined ? '' : ` EXAT ${Math.floor(Date.parse(expires) / 1000)}`;
  return `redis-cli SET ${quoted(key)} ${quoted(entry)}${end}`;
}

/** One word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

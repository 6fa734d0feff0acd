/**
 * The text of a mistake in a configuration, as a zod schema reports it: what is wrong on the first line, what to write
 * instead on the second. The configuration loader takes the two apart again; see {@link splitRemedy}.
 *
 * @param found what was found and why it is wrong, without a full stop.
 * @param remedy what to write instead, without a full stop.
 */
export function withRemedy(found: string, remedy: string): string {
  return `${found}\n${remedy}`;
}

/** The two halves of a text made by {@link withRemedy}; the remedy is undefined when there is none. */
export function splitRemedy(message: string): {
  readonly found: string;
  readonly remedy: string | undefined;
} {
  const end = message.indexOf('\n');
  if (end === -1) return { found: message, remedy: undefined };
  return { found: message.slice(0, end), remedy: message.slice(end + 1) };
}

/** As much of a client of the library as connecting takes. */
interface Connectable {
  connect(): Promise<unknown>;
  destroy(): void;
}

/**
 * Connects a client, which is destroyed when it is not wanted any more before it has.
 * @throws the error of the connection, or the reason why it was abandoned.
 */
export async function connectUnlessAbandoned(client: Connectable, abandoned: AbortSignal): Promise<void> {
  const abandon = (): void => {
    client.destroy();
  };
  abandoned.addEventListener('abort', abandon);
  try {
    abandoned.throwIfAborted();
    await client.connect();
  } finally {
    abandoned.removeEventListener('abort', abandon);
  }
}

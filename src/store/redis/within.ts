/** The promise, or a rejection with what `late` returns when it takes longer. @param time milliseconds. */
export function within<Value>(promise: Promise<Value>, time: number, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // What has already arrived is read first.
      setImmediate(() => {
        reject(late());
      });
    }, time);
  });
  return Promise.race([promise, limit]).finally(() => {
    clearTimeout(timer);
  });
}

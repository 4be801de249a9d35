// Runs tasks side by side, a few at a time; the first that fails stops the others.

/** Runs `task` over `items`, at most `count` at once. Throws the first failure when all that had begun have ended. */
export async function inParallel<T>(
  items: readonly T[],
  count: number,
  signal: AbortSignal | undefined,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && !either.aborted) {
      const item = items[next] as T;
      next += 1;
      try {
        await task(item, either);
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, work));
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

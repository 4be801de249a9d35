// Streams that outlive their reader.

/**
 * Gives `use` the parts of `source`, and reads on to its end when `use` has had enough: `see` gets every part, and a fault
 * in what an archive's reader never asks for is heard. Throws what `source` throws, before what `use` makes of it.
 */
export async function readWhole<Part, Result>(
  source: AsyncIterable<Part>,
  see: (part: Part) => void,
  use: (parts: AsyncIterable<Part>) => Promise<Result>,
): Promise<Result> {
  const parts = source[Symbol.asyncIterator]();
  // A reader that has ended may have asked for more, and hears of no fault in it.
  let fault: { readonly error: unknown } | undefined;
  const next = async (): Promise<IteratorResult<Part>> => {
    const part = await parts.next().catch((error: unknown) => {
      fault ??= { error };
      throw error;
    });
    if (!part.done) see(part.value);
    return part;
  };
  try {
    const result = await use({ [Symbol.asyncIterator]: () => ({ next }) });
    while (!(await next()).done);
    if (fault === undefined) return result;
    throw fault.error;
  } catch (error) {
    throw fault === undefined ? error : fault.error;
  } finally {
    await parts.return?.();
  }
}

/** Runs `work` for every item, never more than `limit` at a time, and settles them all; in the order of the items. */
export async function mapParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const results: PromiseSettledResult<R>[] = [];
  const rest = items.entries();
  async function worker(): Promise<void> {
    for (const [index, item] of rest) {
      const [result] = await Promise.allSettled([work(item)]);
      results[index] = result;
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

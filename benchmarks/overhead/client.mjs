/**
 * A process that sends requests when its parent says so, and reports what they cost it. Started with
 * `--expose-gc client.mjs <module of ways> <endpoint> [<arguments of the module>]`.
 */

const [module, endpoint, ...rest] = process.argv.slice(2);
const { createWays } = await import(module);
/** How to send one request and read its answer, by name. */
const ways = await createWays(endpoint, ...rest);

process.on('message', async ({ way, requests, concurrency }) => {
  const send = ways[way];
  let left = requests;
  const caller = async () => {
    while (left-- > 0) await send();
  };
  // Nobody pays for the short-lived garbage of the way before. Not a full collection: between two rounds no call is
  // alive, so it would throw out the hidden classes of calls, and with them the optimized code that handles them, which
  // no service that is at work ever sees; the round would then measure the compiler.
  globalThis.gc({ type: 'minor' });
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, caller));
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send({ cpuUs: (user + system) / requests, perSecond: (requests * 1_000) / wallMs });
});
process.on('disconnect', () => process.exit());
process.send({ version: process.version, ways: Object.keys(ways) });

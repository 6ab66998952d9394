// Follows a registry that pours out 200 MB, in each way; says what each made of it, and what it cost in memory.
import { createClient, registryResolver } from 'fairlead';

const url = process.env.REGISTRY;
const ways = {
  polls: {},
  holds: { longPoll: true },
  prefers: { longPoll: { style: 'prefer' } },
  streams: { sse: true },
};

// Discovery alone keeps no process alive.
const alive = setInterval(() => {}, 60_000);
const peakMb = () => process.resourceUsage().maxRSS / 1_024;
const before = peakMb();
for (const [name, options] of Object.entries(ways)) {
  const resolver = registryResolver({ url, timeoutMs: 20_000, ...options });
  const client = createClient({ services: { orders: { resolver } } });
  const [{ error }] = await new Promise((resolve) => client.once('resolveError', (...event) => resolve(event)));
  console.log(name, String(error));
  await client.close();
}
clearInterval(alive);
console.log('grew by', Math.round(peakMb() - before));

/** What goes wrong, and when: `at` in seconds of a demo of full length. */
import { SERVICE, SLOWDOWN_MS } from './servers.mjs';

export const SCRIPT_SECONDS = 30;

export function createScript({ fleet, registry }) {
  const [, dead, hung, broken, slow] = fleet.servers;
  return [
    {
      at: 3,
      server: dead,
      fault: 'killed',
      breaks: true,
      words: `kills ${dead.id} (SIGKILL): its port refuses connections`,
      run: () => dead.kill(),
    },
    {
      at: 6,
      server: hung,
      fault: 'hung',
      breaks: true,
      words: `hangs ${hung.id} (SIGSTOP): it accepts connections and never answers`,
      run: () => hung.pause(),
    },
    {
      at: 10,
      server: broken,
      fault: 'answers 503',
      breaks: true,
      words: `breaks ${broken.id}: it answers 503 at once, to everything`,
      run: () => broken.setMode({ kind: 'status', status: 503 }),
    },
    {
      at: 13,
      server: slow,
      fault: '10x slower',
      breaks: true,
      words: `slows ${slow.id} down to a tenth of its speed`,
      run: () => slow.setMode({ kind: 'slow', delayMs: SLOWDOWN_MS }),
    },
    {
      at: 16,
      words: `deploys a replacement: starts a new server, registers it, deregisters ${dead.id}`,
      async run() {
        const fresh = await fleet.add();
        await registry.register(SERVICE, fresh.address);
        await registry.deregister(SERVICE, dead.address);
      },
    },
    {
      at: 19,
      server: hung,
      fault: 'woken up',
      words: `wakes ${hung.id} up again (SIGCONT)`,
      run: () => hung.resume(),
    },
    {
      at: 20,
      server: broken,
      fault: 'repaired',
      words: `repairs ${broken.id}`,
      run: () => broken.setMode({ kind: 'ok' }),
    },
  ];
}

/**
 * The demo: `npm run demo`. Real servers in processes of their own, a registry, steady traffic through client.fetch,
 * and one fault after the other. It ends by itself, with exit code 1 if any caller has seen an error.
 *
 * FAIRLEAD_DEMO_SECONDS sets its length; the script is stretched or compressed to fit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, registryResolver } from 'fairlead';
import { createScoreboard } from './scoreboard.mjs';
import { createScript, SCRIPT_SECONDS } from './script.mjs';
import { SERVICE, startServers } from './servers.mjs';
import { summary } from './summary.mjs';
import { startTraffic } from './traffic.mjs';
import { startView } from './view.mjs';

const CALLS_PER_SECOND = 200;

const length = Math.max(8, Number(process.env.FAIRLEAD_DEMO_SECONDS) || SCRIPT_SECONDS);
const pace = length / SCRIPT_SECONDS;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

process.stdout.write('Starting servers and a registry …\n');
const servers = await startServers();
const client = createClient({
  services: {
    [SERVICE]: {
      // Held requests: the client hears of a deploy at once.
      resolver: registryResolver({ url: servers.registry.urlOf(SERVICE), longPoll: {} }),
      // The defaults are made for days. Half a minute wants shorter ones: 10 s for an attempt, 30 s for an ejection.
      attemptTimeoutMs: 1_000,
      ejection: { baseEjectionMs: 5_000 * pace },
    },
  },
});

let startedAt = performance.now();
const seconds = () => (performance.now() - startedAt) / 1_000;
const story = [];
const say = (who, words) => story.push({ seconds: seconds(), who, words });
const nameOf = (id) => servers.fleet.servers.find(({ url }) => url === id)?.id ?? id;

const board = createScoreboard(client, { service: SERVICE, nameOf, seconds, say });
const acts = createScript(servers);
const done = [];

async function perform() {
  for (const act of acts) {
    await sleep(Math.max(0, act.at * pace - seconds()) * 1_000, undefined, { signal: interrupted.signal });
    say('somebody', act.words);
    if (act.server !== undefined) board.setFault(act.server.url, act.fault);
    done.push({ ...act, seconds: seconds(), failuresBefore: board.failuresOf(act.server?.url) });
    await act.run();
  }
  await sleep(Math.max(0, length - seconds()) * 1_000, undefined, { signal: interrupted.signal });
}

/** New processes are slow to answer at first, and so is a new client. That is not what this is about. */
async function warmUp() {
  for (let round = 0; round < 10; round++) {
    const calls = Array.from({ length: 16 }, () => client.fetch(`http://${SERVICE}/warm-up`));
    for (const response of await Promise.all(calls)) await response.arrayBuffer();
  }
}

let exitCode = 0;
try {
  await client.ready();
  await warmUp();
  startedAt = performance.now();
  const traffic = startTraffic(client, { service: SERVICE, callsPerSecond: CALLS_PER_SECOND });
  const state = () => ({
    length,
    story,
    rows: board.rows(),
    seconds: seconds(),
    now: traffic.now(),
    inside: board.inside(),
  });
  const view = startView(process.stdout, state);
  let answered;
  try {
    await perform();
  } finally {
    view.stop();
    answered = traffic.stop();
  }
  await answered;
  const total = traffic.total();
  process.stdout.write(`\n${summary({ done, board, total, errors: traffic.errors })}\n`);
  if (total.errors > 0) exitCode = 1;
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.stdout.write('\nInterrupted.\n');
  exitCode = 130;
} finally {
  await client.close({ timeoutMs: interrupted.signal.aborted ? 0 : 2_000 });
  await servers.close();
}
process.exitCode = exitCode;

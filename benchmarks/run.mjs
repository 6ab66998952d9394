/** All benchmarks, after a build: `npm run bench`. */

import { publish, run as runOverhead } from './overhead.mjs';
import { run as runDiscovery } from './discovery.mjs';
import { run as runPick } from './pick.mjs';
import { report } from './report.mjs';

const picks = await runPick();
const node = process.version;
report(`pick-${node}`, `nanoseconds per pick, Node ${node}`, picks, { node, results: picks });

const answers = await runDiscovery();
report(`discovery-${node}`, `milliseconds of the event loop per answer of discovery, Node ${node}`, answers, {
  node,
  results: answers,
});

publish(await runOverhead());

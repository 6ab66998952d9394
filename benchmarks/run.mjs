/** All benchmarks, after a build: `npm run bench`. */

import { publish, run as runOverhead } from './overhead.mjs';
import { run as runPick } from './pick.mjs';
import { report } from './report.mjs';

const picks = await runPick();
const node = process.version;
report(`pick-${node}`, `nanoseconds per pick, Node ${node}`, picks, { node, results: picks });

publish(await runOverhead());

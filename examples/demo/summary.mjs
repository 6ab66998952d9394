/** What is left to say when the demo is over. */
import Table from 'cli-table3';
import { BORDERLESS, ms } from './format.mjs';

export function summary({ done, board, total, errors }) {
  const { attempts, failovers, retries } = board.inside();
  const faults = new Table({
    head: ['what happened', 'failed attempts', 'avoided after', 'ejected after'],
    colAligns: ['left', 'right', 'right', 'right'],
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 3 },
  });
  for (const act of done.filter(({ breaks }) => breaks)) {
    const after = (at) => (at === undefined ? '–' : `${(at - act.seconds).toFixed(2)} s`);
    faults.push([
      `${act.server.id} ${act.fault}`,
      board.failuresOf(act.server.url) - act.failuresBefore,
      after(board.failedAt(act.server.url)),
      after(board.ejectedAt(act.server.url)),
    ]);
  }
  return [
    faults.toString(),
    '',
    `${total.calls} calls, ${total.errors} errors seen by callers; p50 ${ms(total.p50)}, p99 ${ms(total.p99)}, longest ${ms(total.max)}`,
    `${attempts} attempts, of them ${failovers} failovers (nothing had been sent) and ${retries} retries (something had)`,
    ...(total.errors > 0 ? ['', 'The first error:', String(errors[0]?.stack ?? errors[0])] : []),
  ].join('\n');
}

/** The demo on the screen: a live frame on a terminal, plain lines anywhere else. */
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import picocolors from 'picocolors';
import { BORDERLESS, ms, percent, time } from './format.mjs';

const FRAME_MS = 125;

/** `state()` gives what there is to show now. */
export function startView(stream, state) {
  const live = stream.isTTY === true && process.env.TERM !== 'dumb';
  return live ? liveView(stream, state) : plainView(stream, state);
}

function liveView(stream, state) {
  const update = createLogUpdate(stream);
  const colors = picocolors.createColors(picocolors.isColorSupported);
  const draw = () => update(frame(state(), colors, stream.columns ?? 80, stream.rows ?? 24));
  const timer = setInterval(draw, FRAME_MS);
  draw();
  return {
    stop() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

function plainView(stream, state) {
  const print = (line) => stream.write(`${line}\n`);
  let told = 0;
  let nextStatusAt = 1;
  const tell = () => {
    const now = state();
    for (; told < now.story.length; told++) print(storyLine(now.story[told]));
    if (now.seconds < nextStatusAt) return;
    nextStatusAt = Math.floor(now.seconds) + 1;
    print(statusLine(now));
  };
  const timer = setInterval(tell, FRAME_MS);
  return {
    stop() {
      clearInterval(timer);
      tell();
    },
  };
}

function storyLine({ seconds, who, words }) {
  return `${time(seconds)}  ${who} ${words}`;
}

function statusLine({ seconds, rows, now, inside }) {
  const shares = rows.map(({ name, seenAs, share }) => `${name} ${seenAs === 'healthy' ? percent(share) : seenAs}`);
  return (
    `${time(seconds)}  ${now.callsPerSecond.toFixed(0)} calls/s, ${now.errors} errors, p50 ${ms(now.p50)}, ` +
    `p99 ${ms(now.p99)}, ${inside.failovers} failovers, ${inside.retries} retries | ${shares.join(', ')}`
  );
}

function frame({ seconds, length, story, rows, now, inside }, colors, columns, height) {
  const errors = now.errors === 0 ? colors.green('0 errors') : colors.red(`${now.errors} errors`);
  const head = [
    `${colors.bold('Fairlead')}  client.fetch('http://orders/…')   ` +
      colors.dim(`${Math.min(length, seconds).toFixed(0)} of ${length} s, Ctrl-C ends it`),
    '',
    `what callers see   ${colors.bold(`${now.callsPerSecond.toFixed(0)} calls/s`)}   ${colors.bold(errors)}` +
      `   p50 ${ms(now.p50)}   p99 ${ms(now.p99)}`,
    `what they do not   ${inside.attempts} attempts   ${inside.failovers} failovers   ${inside.retries} retries`,
    '',
  ];
  const table = endpointTable(rows, colors, columns).split('\n');
  const room = Math.max(2, Math.min(12, height - head.length - table.length - 5));
  return [
    ...head,
    ...table,
    colors.dim(LEGEND),
    '',
    ...story.slice(-room).map((event) => liveLine(event, colors, columns)),
  ].join('\n');
}

function endpointTable(rows, colors, columns) {
  const bar = Math.max(6, Math.min(30, columns - 74));
  const table = new Table({
    head: ['server', 'done to it', 'seen as', 'share, 3 s', 'attempts', 'failed', 'open', 'latency'].map((title) =>
      colors.dim(title),
    ),
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'right'],
    // Fixed, or the table would jump with every change of a word.
    colWidths: [8, 13, 10, bar + 7, 10, 8, 6, 10],
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) {
    const gone = row.seenAs === 'gone';
    const cells = [
      row.name,
      row.fault,
      row.seenAs,
      `${barOf(row.share, bar)} ${percent(row.share).padStart(4)}`,
      row.attempts,
      row.failures,
      gone ? '' : row.inFlight,
      gone || row.latencyMs === undefined ? '' : ms(row.latencyMs),
    ].map(String);
    if (gone) table.push(cells.map((cell) => colors.dim(cell)));
    else {
      cells[1] = REPAIRS.has(row.fault) ? colors.green(cells[1]) : colors.yellow(cells[1]);
      cells[2] = stateColor(colors, row.seenAs)(cells[2]);
      cells[3] = colors.cyan(cells[3]);
      if (row.failures > 0) cells[5] = colors.yellow(cells[5]);
      table.push(cells);
    }
  }
  return table.toString();
}

const LEGEND = 'avoided: failed lately   ejected: nothing but a probe now and then   gone: deregistered';
const REPAIRS = new Set(['woken up', 'repaired']);

function barOf(share, width) {
  // A fair share among eight is an eighth; the bar is full at four times that.
  const cells = Math.min(width, share * 2 * width);
  const full = Math.floor(cells);
  const rest = cells - full >= 0.5 && full < width ? '╸' : '';
  return ('━'.repeat(full) + rest).padEnd(width, ' ');
}

function liveLine(event, colors, columns) {
  const line = storyLine(event);
  const text = line.length >= columns ? `${line.slice(0, columns - 2)}…` : line;
  return event.who === 'somebody' ? colors.yellow(text) : text;
}

function stateColor(colors, seenAs) {
  if (seenAs === 'healthy') return colors.green;
  return seenAs === 'ejected' ? colors.red : colors.yellow;
}

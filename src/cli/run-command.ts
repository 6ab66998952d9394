/** The command from what was typed to an exit code. Everything outside of it comes in by {@link Surroundings}. */

import { systemClock, wallNow } from '../core/clock.js';
import { describeError } from '../core/errors.js';
import { systemRandom } from '../core/random.js';
import { changesText, isNews } from './changes-text.js';
import { HELP, parseCommandLine, type ResolveCommand } from './command-line.js';
import { observationJson } from './observation-json.js';
import { observationText } from './observation-text.js';
import { observe, type Observation } from './observe.js';
import { createPaint } from './paint.js';
import { openSpec } from './resolver-spec.js';
import type { SpecSources } from './spec-options.js';

export interface Surroundings extends SpecSources {
  readonly version: string;
  readonly isTerminal: boolean;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Aborts when the person has seen enough. */
  readonly signal: AbortSignal;
}

export const EXIT = { found: 0, none: 1, failed: 2, usage: 3 } as const;

export async function runCommand(words: readonly string[], around: Surroundings): Promise<number> {
  try {
    const command = parseCommandLine(words, around);
    if (command === 'help') around.print(HELP);
    else if (command === 'version') around.print(`${around.version}\n`);
    else return await resolveCommand(command, around);
    return EXIT.found;
  } catch (error) {
    around.printError(`fairlead: ${describeError(error)}\nTry fairlead --help.\n`);
    return EXIT.usage;
  }
}

/** @throws Error for a spec that is none */
async function resolveCommand(command: ResolveCommand, around: Surroundings): Promise<number> {
  const { spec, servers, headers, timeoutMs, watch, json } = command;
  const resolver = openSpec(spec, { env: around.env, readFile: around.readFile, servers, headers });
  const paint = createPaint(around.isTerminal, around.env);
  let last: Observation | undefined;

  await observe({
    resolver,
    timeoutMs,
    clock: systemClock,
    random: systemRandom,
    signal: around.signal,
    onObservation(now) {
      const before = last;
      last = now;
      if (before !== undefined && !isNews(before, now)) return watch;
      const atMs = wallNow();
      if (json) around.print(observationJson(spec, now, atMs));
      else if (before === undefined) around.print(`${observationText(now, paint)}${watch ? '\n' : ''}`);
      else around.print(`${paint('faint', timeOfDay(atMs))}  ${changesText(before, now, paint)}\n`);
      return watch;
    },
  });
  // Whoever ends a watch has what was wanted, unless there was nothing yet.
  return last === undefined ? EXIT.failed : exitCode(last);
}

function exitCode({ resolution: { status }, error }: Observation): number {
  if (status === 'found') return EXIT.found;
  return status === 'none' && error === undefined ? EXIT.none : EXIT.failed;
}

/** `13:05:09`. */
function timeOfDay(atMs: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeStyle: 'medium' }).format(atMs);
}

/** The contract of resolvers (core/resolver.ts), sentence by sentence. */

import { holdProcess, systemClock } from '../core/clock.js';
import { systemRandom } from '../core/random.js';
import type { Resolution } from '../core/resolution.js';
import type { Resolver } from '../core/resolver.js';
import type { ConformanceCase, ResolverConformanceOptions, ServedEndpoint } from './conformance-options.js';
import { inWords, pause, startConformanceRun, type ConformanceRun } from './conformance-run.js';

/** Long enough for whatever is under way to arrive, where nothing must. */
const QUIET_MS = 500;

const [FOUR, OTHER_FOUR] = [served(1, 4), served(3, 4)];

type Suite = Required<ResolverConformanceOptions>;

export function conformanceCases(suite: Suite): readonly ConformanceCase[] {
  const { backend, fixed, timeoutMs } = suite;
  const cases: ConformanceCase[] = [];

  /** `play` gets a resolver at work; it is ended whatever happens. */
  function add(name: string, play: (start: () => Promise<ConformanceRun>) => Promise<void>): void {
    const run = async (): Promise<void> => {
      // A test waits for this: the process must not end because nothing else is going on.
      const held = holdProcess();
      const runs: ConformanceRun[] = [];
      try {
        await play(async () => {
          const started = startConformanceRun(await suite.create(), timeoutMs);
          runs.push(started);
          return started;
        });
      } finally {
        for (const started of runs) started.close();
        held[Symbol.dispose]();
      }
    };
    cases.push({ name, run });
  }

  add('says what kind it is, and is asked or watched', async () => {
    await backend.serve(FOUR);
    const resolver = (await suite.create()) as Partial<Record<'kind' | 'resolve' | 'watch', unknown>>;
    ensure(typeof resolver.kind === 'string' && resolver.kind !== '', 'kind must be a name');
    const isOne = typeof resolver.resolve === 'function' || typeof resolver.watch === 'function';
    ensure(isOne, 'it must have resolve(ctx) or watch(receiver, ctx)');
  });

  add('finds everybody who serves the name, and every endpoint can be used', async (start) => {
    await backend.serve(FOUR);
    const run = await start();
    await run.untilServed(FOUR);
    ensure(run.refused.length === 0, `it handed over what is no endpoint: ${run.refused.join('; ')}`);
  });

  add('takes nobody for an answer, not for an error', async (start) => {
    await backend.serve([]);
    const run = await start();
    await run.until('it answers that nobody serves the name', isDecided);
    ensure(
      run.resolution().status === 'none',
      `it must answer with an empty list; known is: ${inWords(run.resolution())}`,
    );
  });

  if (!fixed) {
    add('gives the full set after a change, not the difference', async (start) => {
      await backend.serve(FOUR);
      const run = await start();
      await run.untilServed(FOUR);
      await backend.serve(OTHER_FOUR);
      await run.untilServed(OTHER_FOUR);
      await backend.serve(OTHER_FOUR.slice(1));
      await run.untilServed(OTHER_FOUR.slice(1));
    });

    add('can be used twice at once, and the end of one use is not the end of the other', async () => {
      await backend.serve(FOUR);
      const resolver = await suite.create();
      const runs = [startConformanceRun(resolver, timeoutMs), startConformanceRun(resolver, timeoutMs)] as const;
      try {
        for (const run of runs) await run.untilServed(FOUR);
        runs[0].close();
        await backend.serve(OTHER_FOUR);
        await runs[1].untilServed(OTHER_FOUR);
      } finally {
        for (const run of runs) run.close();
      }
    });

    add('says nothing after its end', async () => {
      await backend.serve(FOUR);
      const heard = await heardAfterEnd(await suite.create(), timeoutMs, () => backend.serve(OTHER_FOUR));
      ensure(heard === 0, `it called its receiver ${heard} times after its signal had aborted`);
    });
  }

  const troubles = [
    ['cannot be asked', backend.fail && (() => backend.fail?.())],
    ['answers garbage', backend.garble && (() => backend.garble?.())],
    ['hangs', backend.hang && (() => backend.hang?.())],
  ] as const;
  for (const [what, begin] of troubles) {
    if (begin === undefined) continue;
    const isHang = what === 'hangs';

    add(`reports an error, never an empty list, while its source ${what}`, async (start) => {
      await backend.serve(FOUR);
      await begin();
      const run = await start();
      await run.until('it reports an error', isDecided);
      ensure(run.resolution().status === 'failed', `it must report an error; known is: ${inWords(run.resolution())}`);
    });

    if (fixed) continue;
    add(`takes nobody away while its source ${what}, and recovers by itself`, async (start) => {
      await backend.serve(FOUR);
      const run = await start();
      await run.untilServed(FOUR);
      const before = run.failures;
      await begin();
      // A watcher need not notice that a source which owes it no answer hangs.
      if (isHang) await pause(QUIET_MS);
      else await run.until('it reports an error', () => run.failures > before);
      const { status, held } = run.resolution();
      ensure(
        status === 'found' && held === undefined,
        `it must give no answer; known is: ${inWords(run.resolution())}`,
      );
      if (!isHang) {
        const soFar = run.failures;
        await pause(1_000);
        ensure(run.failures - soFar <= 20, `it tries again in a spin: ${run.failures - soFar} failures in a second`);
      }
      await backend.serve(OTHER_FOUR);
      await run.untilServed(OTHER_FOUR);
    });
  }

  if (backend.hang !== undefined) {
    add('ends at once when its signal aborts, though its source hangs', async () => {
      await backend.serve(FOUR);
      await backend.hang?.();
      await endsAtOnce(await suite.create());
    });
  }
  return cases;
}

async function heardAfterEnd(resolver: Resolver, timeoutMs: number, change: () => unknown): Promise<number> {
  if (!('watch' in resolver)) return 0;
  const controller = new AbortController();
  let [heard, afterEnd] = [0, 0];
  const hear = (): void => void (controller.signal.aborted ? afterEnd++ : heard++);
  resolver.watch(
    { update: hear, error: hear },
    { signal: controller.signal, clock: systemClock, random: systemRandom },
  );
  const untilMs = systemClock.now() + timeoutMs;
  while (heard === 0 && systemClock.now() < untilMs) await pause(20);
  controller.abort();
  await change();
  await pause(QUIET_MS);
  return afterEnd;
}

/** A prober's promise must settle; a watcher has no promise, and must have said nothing. */
async function endsAtOnce(resolver: Resolver): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  if ('watch' in resolver) {
    let heard = 0;
    const hear = (): void => void (signal.aborted && heard++);
    resolver.watch({ update: hear, error: hear }, { signal, clock: systemClock, random: systemRandom });
    await pause(QUIET_MS);
    controller.abort();
    await pause(QUIET_MS);
    ensure(heard === 0, `it called its receiver ${heard} times after its signal had aborted`);
    return;
  }
  let settled = false;
  const settle = (): void => void (settled = true);
  resolver.resolve({ signal }).then(settle, settle);
  await pause(QUIET_MS / 5);
  ensure(!settled, 'the question has ended although the source hangs: the backend does not hang');
  controller.abort();
  await pause(QUIET_MS);
  ensure(settled, `the question goes on ${QUIET_MS} ms after its signal has aborted`);
}

function isDecided({ status }: Resolution): boolean {
  return status !== 'unknown';
}

function served(first: number, count: number): readonly ServedEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({ host: `10.0.0.${first + index}`, port: 8_080 }));
}

function ensure(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

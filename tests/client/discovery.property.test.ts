/**
 * The promises of discovery, kept by a whole client whatever its source says and in whatever order: lists, emptiness,
 * errors, silence, garbage, answers that come too late, by a source that is asked and by one that tells.
 */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createClient } from '../../src/client/create-client.js';
import type { EndpointSnapshot } from '../../src/client/client-snapshot.js';
import type { Endpoint, EndpointInput } from '../../src/core/endpoint.js';
import type { Lease } from '../../src/core/lease.js';
import type { Receiver, Resolver, ResolverAnswer } from '../../src/core/resolver.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { SETTINGS } from '../control/discovery/settings.js';

/** Within reach of a run. */
const STALE_MS = 120_000;
const RUN_MS = 300_000;
const TICK_MS = 500;

/** minTtlMs, less the jitter, less the tenth by which the feed asks ahead. */
const FLOOR_MS = SETTINGS.minTtlMs * (1 - SETTINGS.jitterRatio) * 0.9;

/** Sums of fractional milliseconds. */
const ROUNDING_MS = 1e-6;

/** A number is a set: each bit an endpoint. */
type What = number | 'error' | 'hang' | 'garbage' | 'throw' | 'late';

interface Step {
  readonly what: What;
  readonly tookMs: number;
  readonly ttlMs: number;
}

const what = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 255 }) },
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom('error' as const, 'hang' as const, 'garbage' as const) },
  { weight: 1, arbitrary: fc.constantFrom('throw' as const, 'late' as const) },
);
const script: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ what, tookMs: fc.integer({ min: 0, max: 9_000 }), ttlMs: fc.integer({ min: 0, max: 400_000 }) }),
  { minLength: 1, maxLength: 40 },
);

function endpointsOf(set: number): EndpointInput[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((set >> bit) & 1 ? [`10.0.0.${bit}:80`] : []));
}

/** What the source has said to the client, in order. */
interface Heard {
  readonly atMs: number;
  /** Undefined for a failure. */
  readonly count: number | undefined;
}

interface Source {
  readonly resolver: Resolver;
  readonly heard: readonly Heard[];
  /** Timers of the source's own. */
  ownTimers(): number;
  /** Checks that the source was not asked too often. */
  checkPace(): void;
}

/** Answers the questions of the client one step each, over and over. */
function askedSource(steps: readonly Step[], clock: FakeClock): Source {
  const questions: { readonly askedAtMs: number; endedAtMs: number; answered: boolean }[] = [];
  const heard: Heard[] = [];
  let own = 0;
  return {
    heard,
    ownTimers: () => own,
    resolver: {
      kind: 'asked',
      resolve({ signal }) {
        const step = steps[questions.length % steps.length] as Step;
        const question = { askedAtMs: clock.now(), endedAtMs: Infinity, answered: false };
        questions.push(question);
        const end = (count: number | undefined): void => {
          if (question.endedAtMs !== Infinity) return;
          question.endedAtMs = clock.now();
          question.answered = count !== undefined;
          heard.push({ atMs: clock.now(), count });
        };
        signal.addEventListener('abort', () => end(undefined));
        if (step.what === 'throw') {
          end(undefined);
          throw new Error('thrown');
        }
        if (step.what === 'hang') return new Promise(() => {});
        own++;
        const afterMs = step.what === 'late' ? 15_000 : step.tookMs;
        return new Promise<void>((resolve) => void clock.setTimer(resolve, afterMs)).then((): ResolverAnswer => {
          own--;
          if (typeof step.what === 'number') {
            const endpoints = endpointsOf(step.what);
            end(endpoints.length);
            return { endpoints, ttlMs: step.ttlMs };
          }
          // After the client has given up, an emptiness that must not be heard.
          if (step.what === 'late') return { endpoints: [] };
          end(undefined);
          if (step.what === 'garbage') return { endpoints: ['h:0'] };
          throw new Error('could not ask');
        });
      },
    },
    checkPace() {
      questions.slice(1).forEach(({ askedAtMs }, index) => {
        const previous = questions[index] as (typeof questions)[number];
        expect(askedAtMs).toBeGreaterThanOrEqual(previous.endedAtMs - ROUNDING_MS);
        const gapMs = askedAtMs - (previous.answered ? previous.askedAtMs : previous.endedAtMs);
        const least = previous.answered ? FLOOR_MS - 1 : SETTINGS.retryBaseMs / 2;
        expect(gapMs).toBeGreaterThanOrEqual(least - ROUNDING_MS);
      });
    },
  };
}

/** Tells one step after the other; a throw ends the watching, and being watched again goes on. */
function tellingSource(steps: readonly Step[], clock: FakeClock): Source {
  const heard: Heard[] = [];
  const startedAtMs: number[] = [];
  let next = 0;
  let own = 0;
  const tell = (receiver: Receiver, signal: AbortSignal, fail: (error: Error) => void): void => {
    const step = steps[next++ % steps.length] as Step;
    if (signal.aborted) return;
    if (typeof step.what === 'number') {
      const endpoints = endpointsOf(step.what);
      heard.push({ atMs: clock.now(), count: endpoints.length });
      receiver.update({ endpoints });
    } else if (step.what === 'late' || step.what === 'hang') {
      // Silence.
    } else {
      heard.push({ atMs: clock.now(), count: undefined });
      if (step.what === 'garbage') receiver.update({ endpoints: 'none' } as unknown as ResolverAnswer);
      else if (step.what === 'throw') return fail(new Error('thrown'));
      else receiver.error(new Error('could not ask'));
    }
    later(step.tookMs + 1, receiver, signal, fail);
  };
  const later = (ms: number, ...told: Parameters<typeof tell>): void => {
    own++;
    clock.setTimer(() => {
      own--;
      tell(...told);
    }, ms);
  };
  return {
    heard,
    ownTimers: () => own,
    resolver: {
      kind: 'telling',
      watch(receiver, { signal }) {
        startedAtMs.push(clock.now());
        // Not at once: nobody could listen yet.
        const failing = new Promise<void>((_, fail) => later(0, receiver, signal, fail));
        // An async watcher that rejects: the contract says void, and forgives it.
        return failing as unknown as void;
      },
    },
    checkPace() {
      const gaps = startedAtMs.slice(1).map((atMs, index) => atMs - (startedAtMs[index] as number));
      for (const gapMs of gaps) expect(gapMs).toBeGreaterThanOrEqual(100);
    },
  };
}

async function keepsItsPromises(
  createSource: (steps: readonly Step[], clock: FakeClock) => Source,
  steps: readonly Step[],
  seed: number,
): Promise<void> {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const source = createSource(steps, clock);
  const { staleMs: _, ...cache } = SETTINGS;
  const client = createClient({
    services: {
      orders: {
        resolver: source.resolver,
        cache: { ...cache, staleMs: STALE_MS },
        // Long enough to outlast the run: who is ejected stays so, unless it is removed.
        ejection: { contrast: false, baseEjectionMs: 80_000_000, maxEjectionMs: 80_000_000 },
      },
    },
    clock,
    random,
  });
  const snapshot = () =>
    client.snapshot().services['orders'] as NonNullable<ReturnType<typeof client.snapshot>['services'][string]>;

  /** What the client must know of each endpoint that it has learned about, until discovery removes it. */
  const learned = new Map<string, EndpointSnapshot>();
  let known = 0;
  let lastAnsweredAtMs = 0;
  client.on('resolve', ({ status, held }) => {
    if (status === 'found' && held === undefined) lastAnsweredAtMs = clock.now();
  });
  // What a listener throws is caught, so that it breaks nothing.
  const broken: unknown[] = [];
  client.on('endpoints', (event) => {
    try {
      changed(event);
    } catch (error) {
      broken.push(error);
    }
  });
  const changed = ({ removed }: { removed: readonly Endpoint[] }): void => {
    for (const { id } of removed) learned.delete(id);
    const { resolution, endpoints } = snapshot();
    const before = known;
    known = endpoints.filter(({ state }) => state !== 'draining').length;
    expect(known > 0).toBe(resolution.status === 'found');
    if (before === 0 || known > 0) return;
    if (resolution.status === 'failed') {
      expect(clock.now() - lastAnsweredAtMs).toBeGreaterThanOrEqual(STALE_MS - ROUNDING_MS);
    } else {
      // The whole grace long nothing but emptiness was heard, and emptiness was heard before it.
      const graceAgoMs = clock.now() - SETTINGS.emptyGraceMs + ROUNDING_MS;
      const recent = source.heard.filter(({ atMs }) => atMs > graceAgoMs);
      expect(recent.every(({ count }) => count === 0)).toBe(true);
      expect(source.heard.findLast(({ atMs }) => atMs <= graceAgoMs)?.count).toBe(0);
    }
  };

  const leases: Lease[] = [];
  const learn = (lease: Lease): void => {
    const one = snapshot().endpoints.find(({ id }) => id === lease.endpoint.id);
    if (one !== undefined && one.state !== 'draining') learned.set(one.id, one);
  };
  for (let ms = 0; ms < RUN_MS; ms += TICK_MS) {
    await clock.advanceAsync(TICK_MS);
    if (broken.length > 0) throw broken[0];
    const now = new Map(snapshot().endpoints.map((one) => [one.id, one]));
    for (const [id, { latencyMs, inFlight, state }] of learned) {
      expect(now.get(id)).toMatchObject({ latencyMs, inFlight });
      if (state === 'ejected') expect(now.get(id)?.state).toBe('ejected');
    }
    if (random.next() < 0.05) client.refresh('orders');
    if (known === 0) {
      expect(() => client.pick('orders')).toThrow('ERR_NO_ENDPOINTS');
      continue;
    }
    // Whoever is known can be picked: some leases stay open a while, and one endpoint fails whatever it is asked.
    const lease = client.pick('orders');
    leases.push(lease);
    learn(lease);
    if (leases.length < 4) continue;
    const [settled] = leases.splice(Math.floor(random.next() * leases.length), 1) as [Lease];
    const bad = settled.endpoint.id.endsWith('.0.1:80');
    settled.settle(
      bad ? { kind: 'failure', reason: 'status', status: 503 } : { kind: 'success' },
      1 + 9 * random.next(),
    );
    learn(settled);
  }
  source.checkPace();

  for (const lease of leases) lease.settle({ kind: 'ignored' });
  await client.close({ timeoutMs: 0 });
  expect(clock.pendingTimers).toBe(source.ownTimers());
}

describe('a client, whatever its source says', () => {
  it.each([
    ['is asked', askedSource],
    ['tells', tellingSource],
  ])(
    'never drops whom it knows before the grace, keeps what it learned, asks no faster than the floor and leaves nothing behind (the source %s)',
    async (_, createSource) => {
      await fc.assert(
        fc.asyncProperty(script, fc.nat(), (steps, seed) => keepsItsPromises(createSource, steps, seed)),
        // A shrink would take minutes; the seed and the path that are printed repeat the run.
        { numRuns: 20, endOnFailure: true },
      );
    },
    60_000,
  );
});

import { describe, expect, it } from '@jest/globals';

import type { Receiver, ResolverAnswer } from '../../src/core/resolver.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver, type ManualResolver } from '../../src/testing/manual-resolver.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

function watch(resolver: ManualResolver): { answers: ResolverAnswer[]; errors: unknown[]; stop: () => void } {
  const answers: ResolverAnswer[] = [];
  const errors: unknown[] = [];
  const controller = new AbortController();
  const receiver: Receiver = { update: (answer) => answers.push(answer), error: (error) => errors.push(error) };
  resolver.watch(receiver, { signal: controller.signal, clock: createFakeClock(), random: createSeededRandom(1) });
  return { answers, errors, stop: () => controller.abort() };
}

describe('the manual resolver', () => {
  it('says nothing until it is told something', () => {
    const resolver = createManualResolver();
    const { answers, errors } = watch(resolver);
    expect([answers, errors]).toEqual([[], []]);
    resolver.set([]);
    expect(answers).toEqual([{ endpoints: [] }]);
  });

  it('gives the initial set at once and every later set in full', () => {
    const resolver = createManualResolver(['a:1']);
    const { answers } = watch(resolver);
    resolver.set(['b:2', 'c:3'], { authoritative: true, ttlMs: 5 });
    expect(answers).toEqual([{ endpoints: ['a:1'] }, { endpoints: ['b:2', 'c:3'], authoritative: true, ttlMs: 5 }]);
  });

  it('tells a late watcher the last set and the failure since', () => {
    const resolver = createManualResolver(['a:1']);
    resolver.fail('down');
    const late = watch(resolver);
    expect(late.answers).toEqual([{ endpoints: ['a:1'] }]);
    expect(late.errors).toEqual(['down']);
    resolver.set(['b:2']);
    expect(watch(resolver).errors).toEqual([]);
  });

  it('forgets a watcher whose signal aborts', () => {
    const resolver = createManualResolver(['a:1']);
    const first = watch(resolver);
    const second = watch(resolver);
    expect(resolver.watchers).toBe(2);
    first.stop();
    resolver.set(['b:2']);
    expect(first.answers).toHaveLength(1);
    expect(second.answers).toHaveLength(2);
    expect(resolver.watchers).toBe(1);
  });
});

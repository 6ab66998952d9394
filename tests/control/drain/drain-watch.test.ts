import { describe, expect, it } from '@jest/globals';

import type { DrainSettings } from '../../../src/control/drain/drain-settings.js';
import { createDrainWatch, type DrainWatch } from '../../../src/control/drain/drain-watch.js';
import { heeded } from '../../../src/control/drain/heeded.js';
import type { Endpoint } from '../../../src/core/endpoint.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';

interface Bench {
  readonly watch: DrainWatch;
  readonly clock: FakeClock;
  readonly log: string[];
  /** Answers: `.` keeps the connection, `x` closes it. */
  hear(id: string, answers: string, status?: number, headers?: Record<string, string>): void;
}

function createBench(settings: Partial<DrainSettings> = {}): Bench {
  const clock = createFakeClock();
  const log: string[] = [];
  const watch = createDrainWatch({
    settings: { connectionClose: true, goAway: true, holdMs: 30_000, ...settings },
    clock,
    inFlightOf: () => 1,
    onLeaving: (id, { sign, untilMs }) => log.push(`${id} leaves: ${sign}, for ${untilMs - clock.now()}`),
    onStayed: (id, { sign }) => log.push(`${id} stayed: ${sign}`),
    onChange: () => log.push('change'),
  });
  return {
    watch,
    clock,
    log,
    hear(id, answers, status = 200, headers = {}) {
      for (const answer of answers) watch.heard(id, status, answer === 'x', (name) => headers[name]);
    },
  };
}

const endpoint = (id: string, weight = 1): Endpoint => ({ id, weight }) as Endpoint;

describe('the watch for endpoints that leave', () => {
  it('believes closed connections, once, and for a while', () => {
    const { watch, clock, log, hear } = createBench();
    hear('a', '.xxxxxx');
    expect(log).toEqual(['a leaves: connection-close, for 30000', 'change']);
    expect(watch.leaving.get('a')).toEqual({
      sign: 'connection-close',
      detail: 'it ended its connection with each of its last 3 answers',
      untilMs: clock.now() + 30_000,
    });
    clock.advance(29_999);
    expect(watch.leaving.has('a')).toBe(true);
    clock.advance(1);
    expect(watch.leaving.has('a')).toBe(false);
    expect(log.slice(2)).toEqual(['a stayed: connection-close', 'change']);
    hear('a', 'xxx');
    expect(watch.leaving.has('a')).toBe(true);
  });

  it('believes a GOAWAY until the endpoint is seen to stay, or for a while', () => {
    const { watch, clock, log } = createBench();
    watch.goneAway('a', true);
    watch.goneAway('a', true);
    expect(watch.leaving.get('a')).toMatchObject({ sign: 'goaway', untilMs: clock.now() + 30_000 });
    clock.advance(1_000);
    watch.goneAway('a', false);
    watch.goneAway('b', false);
    expect(watch.leaving.size).toBe(0);
    watch.goneAway('a', true);
    clock.advance(30_000);
    expect(watch.leaving.size).toBe(0);
    expect(log.filter((line) => line !== 'change')).toEqual([
      'a leaves: goaway, for 30000',
      'a stayed: goaway',
      'a leaves: goaway, for 30000',
      'a stayed: goaway',
    ]);
  });

  it('does not let a new connection speak against another sign', () => {
    const { watch, hear } = createBench();
    hear('a', '.xxx');
    watch.goneAway('a', false);
    expect(watch.leaving.get('a')?.sign).toBe('connection-close');
  });

  it('ignores GOAWAY when told to', () => {
    const { watch, log } = createBench({ goAway: false });
    watch.goneAway('a', true);
    expect(log).toEqual([]);
  });

  it('does not count errors, which end connections for reasons of their own', () => {
    const { log, hear } = createBench();
    hear('a', '.');
    hear('a', 'xxxxx', 400);
    hear('a', 'xxxxx', 503);
    hear('a', 'xx');
    expect(log).toEqual([]);
  });

  it('counts each endpoint by itself', () => {
    const { log, hear } = createBench();
    for (const answers of ['.', 'x', 'x']) for (const id of ['a', 'b', 'c']) hear(id, answers);
    expect(log).toEqual([]);
    hear('b', 'x');
    expect(log[0]).toContain('b leaves');
  });

  it('can be told not to mind closed connections', () => {
    const { log, hear } = createBench({ connectionClose: false });
    hear('a', '.xxxxxxxxx');
    expect(log).toEqual([]);
  });

  it('believes one answer with the header, also an error, unless it says no', () => {
    const { log, hear } = createBench({ header: 'X-Draining', holdMs: 5_000 });
    for (const no of ['false', '0']) hear('a', '.', 200, { 'x-draining': no });
    hear('a', '.', 200, { 'x-other': '1' });
    expect(log).toEqual([]);
    hear('a', '.', 503, { 'x-draining': '1' });
    hear('b', '.', 200, { 'x-draining': '' });
    expect(log).toEqual(['a leaves: header, for 5000', 'change', 'b leaves: header, for 5000', 'change']);
  });

  it('forgets who was removed, and starts clean when it is named again', () => {
    const { watch, clock, log, hear } = createBench();
    hear('a', '.xxx');
    watch.forget('a');
    expect([watch.leaving.size, clock.pendingTimers]).toEqual([0, 0]);
    hear('a', 'xxxxx');
    expect(log).toHaveLength(2);
  });

  it('leaves no timer when it is closed', () => {
    const { watch, clock, hear } = createBench();
    hear('a', '.xxx');
    watch.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the word of endpoints that leave', () => {
  const leaving = new Map([['a', { sign: 'header', detail: '', untilMs: 1 } as const]]);

  it('is heeded while another one is well', () => {
    expect(heeded(leaving, [endpoint('a'), endpoint('b')], undefined)).toBe(leaving);
  });

  it.each<[string, Endpoint[], 'healthy' | 'ejected']>([
    ['there is no other', [endpoint('a')], 'healthy'],
    ['the other takes no traffic', [endpoint('a'), endpoint('b', 0)], 'healthy'],
    ['the other is ejected', [endpoint('a'), endpoint('b')], 'ejected'],
  ])('is not heeded when %s', (_, endpoints, kind) => {
    const ejection = { state: () => ({ kind }) as never, ejectedCount: 1 };
    expect(heeded(leaving, endpoints, ejection).size).toBe(0);
  });

  it('is heeded when nobody has a weight, which means that all are equal', () => {
    expect(heeded(leaving, [endpoint('a', 0), endpoint('b', 0)], undefined)).toBe(leaving);
  });
});

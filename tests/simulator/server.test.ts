import { describe, expect, it } from '@jest/globals';

import { SimulatedServer, type Job, type ServerSpec } from '../../benchmarks/simulator/server.js';
import { createVirtualClock, type VirtualClock } from '../../benchmarks/simulator/virtual-clock.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly server: SimulatedServer;
  /** What became of each request, by name: `name status@ms`. */
  readonly log: string[];
  arrive(name: string, workMs: number, abandoned?: boolean): void;
  until(ms: number): Promise<void>;
}

function createBench(spec: Partial<ServerSpec> = {}): Bench {
  const clock = createVirtualClock();
  const startMs = clock.now();
  const server = new SimulatedServer(0, 'http://a:1', { workers: 1, ...spec }, clock, () => {});
  const log: string[] = [];
  const note = (text: string): void => void log.push(`${text}@${clock.now() - startMs}`);
  return {
    clock,
    server,
    log,
    arrive(name, workMs, abandoned = false) {
      const job: Job = {
        workMs,
        abandoned,
        answer: (status) => note(`${name} ${status}`),
        reset: () => note(`${name} reset`),
      };
      server.expect();
      server.arrive(job);
    },
    until: (ms) => clock.run(startMs + ms),
  };
}

describe('a simulated server', () => {
  it('serves in the order of arrival, as many at a time as it has workers', async () => {
    const { arrive, until, log, server } = createBench({ workers: 2 });
    for (const name of ['a', 'b', 'c', 'd']) arrive(name, 10);
    expect([server.assigned, server.queued]).toEqual([4, 2]);
    await until(100);
    expect(log).toEqual(['a 200@10', 'b 200@10', 'c 200@20', 'd 200@20']);
    expect([server.assigned, server.arrivals, server.busyMs]).toEqual([0, 4, 40]);
  });

  it('is as fast as it should be, and slower from when it is told', async () => {
    const { arrive, until, log, server } = createBench({ speed: 2 });
    arrive('a', 10);
    arrive('b', 10);
    server.setSlowness(10);
    await until(100);
    expect(log).toEqual(['a 200@5', 'b 200@55']);
  });

  it('answers 503 at once while it fails, and when its queue is full', async () => {
    const { arrive, until, log, server } = createBench({ queueLimit: 1 });
    for (const name of ['a', 'b', 'c']) arrive(name, 10);
    await until(12);
    server.setState('failing');
    arrive('d', 10);
    await until(100);
    expect(log).toEqual(['c 503@0', 'a 200@10', 'd 503@12', 'b 200@20']);
  });

  it('answers nobody while it hangs, and everybody when it goes on', async () => {
    const { arrive, until, log, server } = createBench();
    arrive('a', 10);
    server.setState('hung');
    arrive('b', 10);
    await until(50);
    expect([log, server.assigned]).toEqual([[], 2]);
    server.setState('up');
    await until(100);
    expect(log).toEqual(['a 200@50', 'b 200@60']);
  });

  it('loses what it had when it goes down', async () => {
    const { arrive, until, log, server } = createBench();
    arrive('a', 10);
    arrive('b', 10);
    await until(5);
    server.setState('down');
    await until(100);
    expect([log, server.assigned]).toEqual([['a reset@5', 'b reset@5'], 0]);
    server.setState('up');
    arrive('c', 10);
    await until(200);
    expect(log.at(-1)).toBe('c 200@110');
  });

  it('loses capacity, and gains it', async () => {
    const { arrive, until, log, server } = createBench({ workers: 2 });
    server.setWorkers(1);
    for (const name of ['a', 'b', 'c']) arrive(name, 10);
    await until(15);
    server.setWorkers(3);
    await until(100);
    expect(log).toEqual(['a 200@10', 'b 200@20', 'c 200@25']);
  });

  it.each([
    [false, ['a 200@10', 'b 200@20', 'c 200@30']],
    [true, ['a 200@10', 'c 200@20']],
  ])('works off what nobody waits for unless it notices (drops: %s)', async (dropsAbandoned, expected) => {
    const { arrive, until, log } = createBench({ dropsAbandoned });
    arrive('a', 10);
    arrive('b', 10, true);
    arrive('c', 10);
    await until(100);
    expect(log).toEqual(expected);
  });

  it('keeps its order when thousands wait', async () => {
    const { arrive, until, log } = createBench();
    for (let index = 0; index < 5_000; index++) arrive(String(index), 1);
    await until(5_000);
    expect(log.map((line) => Number(line.split(' ')[0]))).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });
});

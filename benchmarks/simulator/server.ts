/**
 * A simulated server: c workers behind one queue, first come, first served. What can be wrong with it:
 *
 * - `failing`: answers 503 at once, without a worker;
 * - `hung`: accepts and never answers, like a stopped process; when it goes on, so does everything it had accepted;
 * - `down`: the process is gone. What it had is reset, and connections are refused;
 * - slow: `slowness` multiplies the time of what is begun from then on.
 *
 * A request that the client gave up on is worked off all the same, as most servers do, unless `dropsAbandoned`.
 */

import type { VirtualClock } from './virtual-clock.js';

export type ServerState = 'up' | 'failing' | 'hung' | 'down';

export interface ServerSpec {
  readonly workers: number;
  /** 2 serves a request in half the time. @default 1 */
  readonly speed?: number;
  readonly zone?: string | undefined;
  /** Requests that may wait; the next one is answered 503 at once. @default no limit */
  readonly queueLimit?: number | undefined;
  /** Requests that nobody waits for any more are dropped when their turn comes. @default false */
  readonly dropsAbandoned?: boolean | undefined;
}

/** One request, as the server sees it. */
export interface Job {
  /** Milliseconds that a worker of speed 1 needs for it. */
  readonly workMs: number;
  /** The client has gone. */
  readonly abandoned: boolean;
  answer(status: number): void;
  /** The connection broke. */
  reset(): void;
}

export class SimulatedServer {
  readonly id: string;
  readonly number: number;
  readonly zone: string | undefined;
  readonly spec: ServerSpec;
  /** Requests that reached it, refused ones not. */
  arrivals = 0;
  /** Milliseconds of work that were done. */
  busyMs = 0;
  private readonly clock: VirtualClock;
  private readonly onChange: (server: SimulatedServer) => void;
  private condition: ServerState = 'up';
  private slow = 1;
  private workerCount: number;
  private running = new Set<Job>();
  private waiting: Job[] = [];
  /** Where the queue begins in `waiting`: shifting an array of thousands would take longer than the whole simulation. */
  private head = 0;
  private held: (() => void)[] = [];
  private onTheWay = 0;

  constructor(
    number: number,
    id: string,
    spec: ServerSpec,
    clock: VirtualClock,
    onChange: (server: SimulatedServer) => void,
  ) {
    this.number = number;
    this.id = id;
    this.spec = spec;
    this.zone = spec.zone;
    this.workerCount = spec.workers;
    this.clock = clock;
    this.onChange = onChange;
  }

  get state(): ServerState {
    return this.condition;
  }

  get workers(): number {
    return this.workerCount;
  }

  /** How much longer than a server of speed 1 it takes for a request. */
  get slowness(): number {
    return this.slow / (this.spec.speed ?? 1);
  }

  /** Requests that were sent to it and are not done: on their way, waiting, running. */
  get assigned(): number {
    return this.onTheWay + this.running.size + this.queued;
  }

  get queued(): number {
    return this.waiting.length - this.head;
  }

  /** A request is on its way here. Known to whoever knows everything, hence to the oracle. */
  expect(): void {
    this.onTheWay++;
    this.onChange(this);
  }

  /** It does not come after all. */
  expectNot(): void {
    this.onTheWay--;
    this.onChange(this);
  }

  arrive(job: Job): void {
    this.onTheWay--;
    this.arrivals++;
    if (this.condition === 'failing') job.answer(503);
    else if (this.condition === 'up' && this.running.size < this.workerCount) this.begin(job);
    else if (this.queued >= (this.spec.queueLimit ?? Infinity)) job.answer(503);
    else this.waiting.push(job);
    this.onChange(this);
  }

  setSlowness(factor: number): void {
    this.slow = factor;
    this.onChange(this);
  }

  setWorkers(count: number): void {
    this.workerCount = count;
    this.fill();
    this.onChange(this);
  }

  setState(state: ServerState): void {
    this.condition = state;
    if (state === 'down') this.lose();
    if (state === 'up') {
      const { held } = this;
      this.held = [];
      for (const finish of held) finish();
      this.fill();
    }
    this.onChange(this);
  }

  private begin(job: Job): void {
    this.running.add(job);
    const tookMs = job.workMs * this.slowness;
    this.clock.after(tookMs, () => this.finish(job, tookMs));
  }

  private finish(job: Job, tookMs: number): void {
    // Lost in a crash meanwhile.
    if (!this.running.has(job)) return;
    if (this.condition === 'hung') {
      this.held.push(() => this.finish(job, tookMs));
      return;
    }
    this.running.delete(job);
    this.busyMs += tookMs;
    job.answer(200);
    this.fill();
    this.onChange(this);
  }

  private fill(): void {
    while (this.running.size < this.workerCount && this.queued > 0 && this.condition !== 'hung') {
      const job = this.waiting[this.head++] as Job;
      if (this.head > 1_024 && this.head * 2 > this.waiting.length) {
        this.waiting = this.waiting.slice(this.head);
        this.head = 0;
      }
      if (job.abandoned && this.spec.dropsAbandoned === true) continue;
      this.begin(job);
    }
  }

  private lose(): void {
    const lost = [...this.running, ...this.waiting.slice(this.head)];
    this.running = new Set();
    this.waiting = [];
    this.head = 0;
    this.held = [];
    for (const job of lost) job.reset();
  }
}

/**
 * A simulated client: a real service of the library, assembled by the same function as in `createClient`, and real calls,
 * with retries, failover and rescue. Two things are replaced, by what the library offers for it: the clock, and the
 * connections. What is left out is the platform's fetch above, which would make a call twenty times as dear and decides
 * nothing about endpoints.
 */

import { createEventHub } from '../../src/client/event-hub.js';
import { manageCall, type RequestForm } from '../../src/client/managed-call.js';
import type { ServiceSettings } from '../../src/client/options.js';
import { createService, type Service } from '../../src/client/service.js';
import type { Random } from '../../src/core/random.js';
import type { Call } from '../../src/data/call.js';
import type { Router } from '../../src/data/call-input.js';
import type { VirtualClock } from './virtual-clock.js';
import { createWire, type Waiting, type Wire, type WireInput } from './wire.js';

const NAME = 'orders';
const ORIGIN = `http://${NAME}`;

export interface SimulatedClient {
  readonly zone: string | undefined;
  /** A GET whose work takes `workMs`. `done` hears of the answer's status, or of the error; at once when it is refused at the door. */
  call(workMs: number, done: (status: number | undefined, error: unknown) => void): void;
  /** The process dies: what is under way is never heard of again. */
  kill(): void;
}

export interface ClientInput {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly settings: ServiceSettings;
  readonly zone: string | undefined;
  readonly wire: WireInput;
}

export function createSimulatedClient({ clock, random, settings, zone, wire: input }: ClientInput): SimulatedClient {
  const events = createEventHub();
  const wire: Wire = createWire(input);
  const service: Service = createService(NAME, settings, {
    clock,
    random,
    events,
    place: zone === undefined ? {} : { zone },
    connect: () => wire,
  });
  service.start();
  const match = { service, origin: ORIGIN };

  return {
    zone,
    call(workMs, done) {
      let answer: Promise<number>;
      try {
        answer = manageCall(match, NO_REDIRECTS, new SimulatedRequest(workMs), undefined);
      } catch (refusal) {
        done(undefined, refusal);
        return;
      }
      answer.then(
        (status) => done(status, undefined),
        (error: unknown) => done(undefined, error),
      );
    },
    kill() {
      wire.cut();
      void service.destroy();
    },
  };
}

const NO_REDIRECTS: Router = {
  route: () => undefined,
  refuse: () => undefined,
  passThrough: () => {
    throw new Error('a simulated call left its service');
  },
};

const OPTIONS = Object.freeze({ origin: ORIGIN, path: '/', method: 'GET' });

/** The form of a request without WHATWG's machinery, and without a body: its answer is the status. */
class SimulatedRequest implements RequestForm<number> {
  readonly method = 'GET';
  readonly signal = undefined;
  readonly bodies = undefined;
  private readonly workMs: number;

  constructor(workMs: number) {
    this.workMs = workMs;
  }

  url(): string {
    return `${ORIGIN}/`;
  }

  headers(): undefined {
    return undefined;
  }

  repeatBody(): void {
    // It has none.
  }

  isReplayable(): boolean {
    return true;
  }

  send(call: Call): Promise<number> {
    return new Promise((resolve, reject) => {
      call.dispatch(OPTIONS, new Exchange(this.workMs, resolve, reject));
    });
  }

  abort(): void {
    // Only a caller's signal aborts, and there is none.
  }

  status(status: number): number {
    return status;
  }

  discard(): void {
    // There is no body.
  }
}

class Exchange implements Waiting {
  readonly workMs: number;
  readonly answered: (status: number) => void;
  readonly onError: (error: unknown) => void;

  constructor(workMs: number, answered: (status: number) => void, onError: (error: unknown) => void) {
    this.workMs = workMs;
    this.answered = answered;
    this.onError = onError;
  }
}

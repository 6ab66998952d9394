/** Discovery in a simulated world: a registry that pushes full sets, which reach each client after a delay of its own. */

import type { EndpointInput } from '../../src/core/endpoint.js';
import type { Random } from '../../src/core/random.js';
import type { Receiver, Watcher } from '../../src/core/resolver.js';
import type { SimulatedServer } from './server.js';
import type { VirtualClock } from './virtual-clock.js';

export interface Registry {
  readonly resolver: Watcher;
  /** Who serves from now on. */
  set(servers: readonly SimulatedServer[]): void;
}

export interface RegistryInput {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** A change reaches a client after a delay drawn evenly from 0 to this, in milliseconds. */
  readonly propagationMs: number;
}

export function createRegistry({ clock, random, propagationMs }: RegistryInput): Registry {
  /** Who watches, and the number of the last set that has reached him. */
  const receivers = new Map<Receiver, number>();
  let current: readonly EndpointInput[] = [];
  let setNumber = 0;

  return {
    resolver: {
      kind: 'simulated',
      watch(receiver, { signal }) {
        receivers.set(receiver, setNumber);
        signal.addEventListener('abort', () => receivers.delete(receiver), { once: true });
        receiver.update({ endpoints: current });
      },
    },
    set(servers) {
      const named = servers.map(endpointOf);
      const number = ++setNumber;
      current = named;
      for (const receiver of receivers.keys()) {
        clock.after(random.next() * propagationMs, () => {
          // What was overtaken on its way is not delivered: registries do not go back in time.
          if (number <= (receivers.get(receiver) ?? Infinity)) return;
          receivers.set(receiver, number);
          receiver.update({ endpoints: named });
        });
      }
    },
  };
}

function endpointOf({ id, zone }: SimulatedServer): EndpointInput {
  const { hostname: host, port } = new URL(id);
  return { id, host, port: Number(port), ...(zone === undefined ? {} : { zone }) };
}

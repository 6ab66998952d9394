/**
 * The yardstick: join the shortest queue, with knowledge that no client has. It sees every server's queue at every
 * instant, what is on its way there from all clients, how fast it is, and whether it is well; and it chooses the one
 * that is expected to finish the next request first. It is a picker like any other, so the rest of its way is the same.
 *
 * It is a yardstick and not the optimum: it does not know how much work a request is.
 */

import type { PickContext } from '../../src/core/lease.js';
import type { Picker, PickerFactory } from '../../src/data/picker.js';
import type { SimulatedServer } from './server.js';

export interface Oracle {
  readonly createPicker: PickerFactory;
  readonly add: (server: SimulatedServer) => void;
  /** Something about the server is not as it was. */
  readonly changed: (server: SimulatedServer) => void;
}

export function createOracle(): Oracle {
  const standing = new Standing();
  return {
    createPicker: ({ endpoints }) => {
      const indices = new Map(endpoints.map(({ id }, index) => [id, index]));
      const byServer: (number | undefined)[] = [];
      const indexOf = (server: SimulatedServer): number => {
        const known = byServer[server.number];
        if (known !== undefined) return known;
        return (byServer[server.number] = indices.get(server.id) ?? -1);
      };
      const picker: Picker = {
        pick: ({ tried }: PickContext) => {
          const server = standing.best(
            (candidate) => indexOf(candidate) >= 0 && (tried === undefined || !tried.has(candidate.id)),
          );
          return server === undefined ? -1 : indexOf(server);
        },
      };
      return picker;
    },
    add: (server) => standing.add(server),
    changed: (server) => standing.changed(server),
  };
}

/** How many times a server's own service time a new request would take there: waiting and being served. */
function expected(server: SimulatedServer): number {
  if (server.state !== 'up' || server.workers === 0) return Infinity;
  const { assigned, workers, slowness } = server;
  const rounds = assigned < workers ? 1 : 1 + (assigned - workers + 1) / workers;
  // Among servers with an idle worker, the emptier one.
  return slowness * rounds + assigned * 1e-6;
}

/** A binary heap of all servers by what is expected of them. */
class Standing {
  private readonly heap: SimulatedServer[] = [];
  private readonly places: number[] = [];
  private readonly scores: number[] = [];

  add(server: SimulatedServer): void {
    this.scores[server.number] = expected(server);
    this.places[server.number] = this.heap.push(server) - 1;
    this.siftUp(server);
  }

  changed(server: SimulatedServer): void {
    const before = this.scores[server.number];
    if (before === undefined) return;
    const now = expected(server);
    if (now === before) return;
    this.scores[server.number] = now;
    if (now < before) this.siftUp(server);
    else this.siftDown(server);
  }

  best(isWanted: (server: SimulatedServer) => boolean): SimulatedServer | undefined {
    const [first] = this.heap;
    // Nearly always: nobody was tried, and everybody is known.
    if (first !== undefined && isWanted(first)) return first;
    let best: SimulatedServer | undefined;
    for (const server of this.heap) {
      if (best !== undefined && this.score(server) >= this.score(best)) continue;
      if (isWanted(server)) best = server;
    }
    return best;
  }

  private score(server: SimulatedServer): number {
    return this.scores[server.number] as number;
  }

  private siftUp(server: SimulatedServer): void {
    let place = this.places[server.number] as number;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.heap[above] as SimulatedServer;
      if (this.score(server) >= this.score(parent)) break;
      this.put(parent, place);
      place = above;
    }
    this.put(server, place);
  }

  private siftDown(server: SimulatedServer): void {
    const { heap } = this;
    let place = this.places[server.number] as number;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= heap.length) break;
      if (
        below + 1 < heap.length &&
        this.score(heap[below + 1] as SimulatedServer) < this.score(heap[below] as SimulatedServer)
      )
        below++;
      const child = heap[below] as SimulatedServer;
      if (this.score(child) >= this.score(server)) break;
      this.put(child, place);
      place = below;
    }
    this.put(server, place);
  }

  private put(server: SimulatedServer, place: number): void {
    this.heap[place] = server;
    this.places[server.number] = place;
  }
}

/** What is written down of a run: every call that began while it was measured, and what the servers saw. */

import type { SimulatedClient } from './client.js';
import type { SimulatedServer } from './server.js';
import type { VirtualClock } from './virtual-clock.js';

export interface RunRecord {
  /** Of each call, in the order in which they ended: when it began, from the beginning of what is measured. */
  readonly beganMs: Float64Array;
  readonly tookMs: Float64Array;
  /** 1 for an answer below 500. */
  readonly succeeded: Uint8Array;
  /** Calls that their own client refused, of which nothing was sent. */
  readonly shed: number;
  /** Requests sent, refused connections included, by the time and the server. */
  readonly sends: readonly Send[];
  /** Of each server, requests that it had per worker while it was up: its mean over time. */
  readonly loads: readonly number[];
  /** Of each server, the share of its workers' time that was work. */
  readonly busyRatios: readonly number[];
  readonly events: number;
  /** Of this machine. */
  readonly seconds: number;
}

export interface Send {
  readonly atMs: number;
  readonly server: number;
}

export interface OpenRecord {
  /** @param isShed the client refused it itself */
  ended(succeeded: boolean, isShed: boolean): void;
}

export interface Recorder {
  began(client: SimulatedClient): OpenRecord;
  sent: (server: SimulatedServer) => void;
  /** What this client has under way will never end. */
  lost(client: SimulatedClient): void;
  sample(): void;
  /** Calls that have not ended. */
  readonly open: number;
  finish(cost: { readonly events: number; readonly seconds: number }): RunRecord;
}

interface RecorderInput {
  readonly clock: VirtualClock;
  /** Grows. */
  readonly servers: readonly SimulatedServer[];
  readonly fromMs: number;
  readonly endMs: number;
}

export function createRecorder({ clock, servers, fromMs, endMs }: RecorderInput): Recorder {
  const began: number[] = [];
  const took: number[] = [];
  const succeeded: number[] = [];
  const sends: Send[] = [];
  const openBy = new Map<SimulatedClient, number>();
  const lost = new Set<SimulatedClient>();
  const loadSums: number[] = [];
  const samples: number[] = [];
  const busyAtFirst: number[] = [];
  let shed = 0;
  let open = 0;

  return {
    began(client) {
      const nowMs = clock.now();
      open++;
      openBy.set(client, (openBy.get(client) ?? 0) + 1);
      return {
        ended(isSuccess, isShed) {
          if (lost.has(client)) return;
          open--;
          openBy.set(client, (openBy.get(client) ?? 0) - 1);
          if (nowMs < fromMs) return;
          began.push(nowMs - fromMs);
          took.push(clock.now() - nowMs);
          succeeded.push(isSuccess ? 1 : 0);
          if (isShed) shed++;
        },
      };
    },
    sent(server) {
      const nowMs = clock.now();
      if (nowMs >= fromMs) sends.push({ atMs: nowMs - fromMs, server: server.number });
    },
    lost(client) {
      lost.add(client);
      open -= openBy.get(client) ?? 0;
      openBy.delete(client);
    },
    sample() {
      for (const { number, state, assigned, workers, busyMs } of servers) {
        busyAtFirst[number] ??= busyMs;
        if (state !== 'up' || workers === 0) continue;
        loadSums[number] = (loadSums[number] ?? 0) + assigned / workers;
        samples[number] = (samples[number] ?? 0) + 1;
      }
    },
    get open() {
      return open;
    },
    finish: ({ events, seconds }) => ({
      beganMs: Float64Array.from(began),
      tookMs: Float64Array.from(took),
      succeeded: Uint8Array.from(succeeded),
      shed,
      sends,
      loads: servers.map(({ number }) => (loadSums[number] ?? 0) / (samples[number] ?? 1)),
      busyRatios: servers.map(
        ({ number, busyMs, spec }) => (busyMs - (busyAtFirst[number] ?? 0)) / ((endMs - fromMs) * spec.workers),
      ),
      events,
      seconds,
    }),
  };
}

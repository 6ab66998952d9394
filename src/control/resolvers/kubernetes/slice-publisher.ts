/**
 * When what the slices say is handed on. The first change at once, more of them together: a rollout changes slices many
 * times a second, and each answer is the full set.
 */

import type { Clock } from '../../../core/clock.js';
import type { Receiver } from '../../../core/resolver.js';
import type { Refusal } from '../../discovery/read-answer.js';
import type { Selection } from './slice-endpoints.js';

/** Shorter than anybody notices, long enough for the two events of an endpoint that moves between slices to come together. */
const LEAST_INTERVAL_MS = 100;

export interface SlicePublisher {
  /** The slices have changed, or are known to be as they were. */
  publish(): void;
  /** What waits to be handed on is dropped. */
  readonly cancel: () => void;
}

export interface SlicePublisherOptions {
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly select: () => Selection;
  readonly reportRefused: (refused: readonly Refusal[]) => void;
}

export function createSlicePublisher({
  receiver,
  clock,
  select,
  reportRefused,
}: SlicePublisherOptions): SlicePublisher {
  let lastMs = -Infinity;
  let timer: Disposable | undefined;
  let reported = '';

  function deliver(): void {
    timer = undefined;
    lastMs = clock.now();
    const { endpoints, refused } = select();
    report(refused);
    const [first] = refused;
    // Somebody is there whom we do not understand, which is not nobody.
    if (endpoints.length > 0 || first === undefined) receiver.update({ endpoints });
    else receiver.error(new Error(`no endpoint can be used; ${first.input}: ${first.reason}`));
  }

  function report(refused: readonly Refusal[]): void {
    const words = refused.map(({ input, reason }) => `${input}: ${reason}`).join('\n');
    if (words !== reported && words !== '') reportRefused(refused);
    reported = words;
  }

  return {
    publish() {
      if (timer !== undefined) return;
      const waitMs = lastMs + LEAST_INTERVAL_MS - clock.now();
      if (waitMs <= 0) deliver();
      else timer = clock.setTimer(deliver, waitMs);
    },
    cancel() {
      timer?.[Symbol.dispose]();
      timer = undefined;
    },
  };
}

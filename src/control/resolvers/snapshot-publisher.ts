/**
 * When what a watch has gathered is handed on: a change at once, more of them together. A deploy makes hundreds of changes
 * in a second, and each answer is the full set.
 */

import type { Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Receiver } from '../../core/resolver.js';
import type { Refusal } from '../discovery/read-answer.js';

/** Shorter than anybody notices, long enough for what belongs together to come together. */
const LEAST_INTERVAL_MS = 100;

export interface SnapshotPublisher {
  /** Something has changed, or is known to be as it was. */
  readonly publish: () => void;
  /** What waits to be handed on is not, until it is published again. */
  readonly cancel: () => void;
}

export interface SnapshotPublisherOptions {
  readonly receiver: Receiver;
  readonly clock: Clock;
  /** All there is now. */
  readonly select: () => { readonly endpoints: readonly EndpointInput[]; readonly refused: readonly Refusal[] };
  readonly reportRefused: (refused: readonly Refusal[]) => void;
  /** Says that of all that is there nothing can be used. @param count of what was refused */
  readonly nothingUsable: (count: number) => string;
}

export function createSnapshotPublisher(options: SnapshotPublisherOptions): SnapshotPublisher {
  const { receiver, clock, select, reportRefused, nothingUsable } = options;
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
    else receiver.error(new Error(`${nothingUsable(refused.length)}; ${first.input}: ${first.reason}`));
  }

  /** Once, until they are others. */
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

/**
 * When what etcd says is handed on: a change at once, more of them together. A deploy writes hundreds of keys in a second,
 * and each answer is the full set.
 */

import type { Clock } from '../../../core/clock.js';
import type { EndpointInput } from '../../../core/endpoint.js';
import type { Receiver } from '../../../core/resolver.js';
import type { Refusal } from '../../discovery/read-answer.js';
import type { KeySpace } from './key-space.js';

/** Shorter than anybody notices, long enough for the writes of a deploy to come together. */
const LEAST_INTERVAL_MS = 100;

export interface Publisher {
  /** The keys have changed, or are known to be as they were. */
  readonly publish: () => void;
  /** What waits to be handed on is not, until it is published again. */
  readonly cancel: () => void;
}

export interface PublisherOptions {
  readonly keys: KeySpace;
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly reportRefused: (refused: readonly Refusal[]) => void;
}

export function createPublisher({ keys, receiver, clock, reportRefused }: PublisherOptions): Publisher {
  let lastMs = -Infinity;
  let timer: Disposable | undefined;
  let reported = '';

  function deliver(): void {
    timer = undefined;
    lastMs = clock.now();
    const { endpoints, refused } = keys.content();
    report(refused);
    const [first] = refused;
    if (endpoints.length > 0 || first === undefined) {
      receiver.update({ endpoints: endpoints as readonly EndpointInput[] });
    } else {
      receiver.error(new Error(`no value can be read (${refused.length}); ${first.input}: ${first.reason}`));
    }
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

/**
 * List, watch from there, and go on for as long as the service is wanted.
 *
 * The version up to which everything is known outlives the stream: the next watch goes on where the last one ended, and
 * nothing is listed again for that. It is forgotten, so that the list is read again, when the server no longer remembers it
 * (410), when a watch ends with an error, when versions go back, and when the server could not be reached: who comes back may
 * be another one, with other data, and a watch from a version that it has not reached yet would be silent until then.
 *
 * Reading the list again replaces the slices in one step. What was known until then is served meanwhile.
 */

import type { Receiver, WatchContext } from '../../../core/resolver.js';
import { fullJitter, jittered } from '../../../kit/backoff.js';
import { linkSignal } from '../../../kit/link-signal.js';
import { pause } from '../../../kit/pause.js';
import { feedContext } from '../../discovery/feed-context.js';
import { createSnapshotPublisher } from '../snapshot-publisher.js';
import type { ClusterAccess } from './cluster-access.js';
import { createCredentials } from './credentials.js';
import { isGone, KubernetesFailure, statusOf } from './kubernetes-failure.js';
import { createSliceApi } from './slice-api.js';
import { selectEndpoints, type SelectionRules } from './slice-endpoints.js';
import { createSliceSet } from './slice-set.js';
import { goesBack, type WatchEvent } from './watch-event.js';

export interface KubernetesSettings extends SelectionRules {
  readonly access: ClusterAccess;
  readonly namespace: string;
  readonly service: string;
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly maxBytes: number;
}

/** How long the server is asked to keep a stream; varied, so that watches that began together do not end together. */
const WATCH_SECONDS = 300;
const WATCH_JITTER_RATIO = 0.2;

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;
/** Between two failures, whatever the jitter draws. */
const LEAST_RETRY_MS = 125;
/** Of what a server asks for with Retry-After. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** A watch that stood so long, or brought something, was not part of a failure. */
const LASTING_MS = 5_000;

export async function watchSlices(
  settings: KubernetesSettings,
  receiver: Receiver,
  given: WatchContext,
): Promise<void> {
  const { signal, clock, random, onRefresh, reportError, reportRefused } = feedContext(given);
  const slices = createSliceSet();
  const publisher = createSnapshotPublisher({
    receiver,
    clock,
    select: () => selectEndpoints(slices.values(), settings),
    reportRefused,
    nothingUsable: () => 'no endpoint can be used',
  });
  linkSignal(signal, publisher.cancel);
  const { access, namespace, service, timeoutMs, idleMs, maxBytes } = settings;
  const credentials = createCredentials(access, clock);
  const api = createSliceApi({ url: access.url, namespace, service, credentials, timeoutMs, idleMs, maxBytes, clock });

  let version: string | undefined;
  /** In a row, without a watch that lasted. */
  let failures = 0;
  /** How often the past was forgotten meanwhile. */
  let forgotten = 0;
  /** How often a watch stood and broke meanwhile. */
  let broken = 0;
  let standing: AbortController | undefined;
  // What a new watch from the same version has not got to tell has not happened.
  onRefresh(() => standing?.abort());

  while (!signal.aborted) {
    const stream = new AbortController();
    const unlink = linkSignal(signal, (reason) => stream.abort(reason));
    let stoodSinceMs: number | undefined;
    let hasTold = false;
    let failure: unknown;
    try {
      const isNew = version === undefined;
      if (version === undefined) {
        const list = await api.list(signal);
        slices.replace(list.slices);
        version = list.version;
        publisher.publish();
      }
      await api.watch({
        version,
        timeoutSeconds: Math.round(jittered(WATCH_SECONDS, WATCH_JITTER_RATIO, random)),
        signal: stream.signal,
        onOpen() {
          stoodSinceMs = clock.now();
          standing = stream;
          // One that is accepted and broken off again and again confirms nothing.
          if (!isNew && broken === 0) publisher.publish();
        },
        onEvents(events) {
          version = applied(events, version as string);
          hasTold = true;
          publisher.publish();
        },
      });
    } catch (error) {
      failure = error;
    }
    unlink();
    standing = undefined;
    if (signal.aborted) return;
    // Asked to look again.
    if (stream.signal.aborted) continue;

    const hasStood = stoodSinceMs !== undefined;
    const lastingMs = Math.min(LASTING_MS, idleMs);
    if (hasTold || (stoodSinceMs !== undefined && clock.now() - stoodSinceMs >= lastingMs)) {
      failures = forgotten = broken = 0;
    } else if (hasStood && failure !== undefined) broken++;
    failures++;
    if (!mayGoOn(failure, hasStood)) version = undefined;
    // To be told once that the past is forgotten is no failure.
    if (isGone(failure) && forgotten++ === 0) continue;
    if (failure !== undefined) {
      // A stream that broke once has not kept us from asking.
      if (hasStood && broken <= 1) reportError(failure);
      else receiver.error(failure);
    }
    await pause(clock, waitMs(failure, hasStood), signal);
  }

  function applied(events: readonly WatchEvent[], from: string): string {
    let known = from;
    for (const { version: next, change } of events) {
      if (goesBack(known, next))
        throw new KubernetesFailure(`the watch went back from version ${known} to ${next}`, 410);
      if (change !== undefined) slices.apply(change);
      known = next;
    }
    return known;
  }

  function waitMs(failure: unknown, hasStood: boolean): number {
    const backoffMs = fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, failures - 1, random);
    const asked = failure instanceof KubernetesFailure ? (failure.retryAfterMs ?? 0) : 0;
    const leastMs = failure === undefined || hasStood ? 0 : LEAST_RETRY_MS;
    return backoffMs + Math.max(leastMs, Math.min(asked, LONGEST_RETRY_AFTER_MS));
  }
}

/** Whether the next watch may go on from the version that is known. */
function mayGoOn(failure: unknown, hasStood: boolean): boolean {
  if (failure === undefined) return true;
  const status = statusOf(failure);
  // A stream that broke says nothing about the version; one that ended with an error does.
  if (hasStood) return status === undefined;
  // Not now, or not without other credentials. All else may be about the version.
  return status !== undefined && (status >= 500 || [401, 403, 429].includes(status));
}

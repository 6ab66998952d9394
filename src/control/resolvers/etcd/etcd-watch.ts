/**
 * Follows one member of etcd after the other, for as long as the service is wanted. That a member fails is no failure
 * while another one answers; when none does, it is one, and the pauses grow.
 */

import type { EndpointInput } from '../../../core/endpoint.js';
import type { Receiver, WatchContext } from '../../../core/resolver.js';
import { describeError } from '../../../core/errors.js';
import { fullJitter } from '../../../kit/backoff.js';
import { pause } from '../../../kit/pause.js';
import { feedContext } from '../../discovery/feed-context.js';
import { createSnapshotPublisher } from '../snapshot-publisher.js';
import { createEtcdGateway, type EtcdGateway } from './etcd-gateway.js';
import { createEtcdLogin } from './etcd-login.js';
import type { EtcdSettings } from './etcd-options.js';
import { followMember } from './etcd-session.js';
import { createKeySpace } from './key-space.js';

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;
/** Between two rounds of failures, whatever the jitter draws. */
const LEAST_RETRY_MS = 125;

/** A watch that stood so long was not part of a failure. */
const LASTING_MS = 5_000;

export async function watchEtcd(settings: EtcdSettings, receiver: Receiver, given: WatchContext): Promise<void> {
  const ctx = feedContext(given);
  const { signal, clock, random, reportError, reportRefused } = ctx;
  const login = createEtcdLogin(settings.auth);
  const gateways = settings.urls.map((url) => createEtcdGateway({ ...settings, url, login, clock }));
  const keys = createKeySpace(settings.parse, settings.maxBytes);
  const publisher = createSnapshotPublisher({
    receiver,
    clock,
    select() {
      const { endpoints, refused } = keys.content();
      return { endpoints: endpoints as readonly EndpointInput[], refused };
    },
    reportRefused,
    nothingUsable: (count) => `no value can be read (${count})`,
  });
  signal.addEventListener('abort', publisher.cancel, { once: true });

  let check = (): void => {};
  ctx.onRefresh(() => check());

  /** Not everybody starts with the first: the members share the watches. */
  let current = Math.floor(random.next() * gateways.length);
  /** Of the members that have failed since one could be followed. */
  let errors: unknown[] = [];
  /** Rounds through all members, and watches that did not last, in a row. */
  let failures = 0;

  while (!signal.aborted) {
    let standingSinceMs: number | undefined;
    let failure: unknown;
    try {
      await followMember({
        ...settings,
        gateway: gateways[current] as EtcdGateway,
        keys,
        publisher,
        signal,
        clock,
        onStanding(checkNow) {
          standingSinceMs = clock.now();
          check = checkNow;
        },
        reportError,
      });
    } catch (error) {
      failure = error;
      current = (current + 1) % gateways.length;
    }
    if (signal.aborted) return;
    check = () => {};

    if (standingSinceMs !== undefined) {
      errors = [];
      if (failure !== undefined) reportError(failure);
      failures = clock.now() - standingSinceMs < LASTING_MS ? failures + 1 : 0;
      // Everybody who watched this member looks for another one now.
      await pause(clock, fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, Math.max(0, failures - 1), random), signal);
      continue;
    }
    errors.push(failure ?? new Error('etcd ended the watch before it stood'));
    if (errors.length < gateways.length) {
      reportError(errors.at(-1));
      continue;
    }
    receiver.error(errors.length === 1 ? errors[0] : new Error(errors.map(describeError).join('; ')));
    errors = [];
    await pause(clock, LEAST_RETRY_MS + fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, failures++, random), signal);
  }
}

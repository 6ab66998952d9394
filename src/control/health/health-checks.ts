/**
 * Active health checks: endpoints are asked whether they are well, whether or not there are calls. They see what calls
 * cannot show without harm: an endpoint that is broken while nobody calls it, and that an ejected one is well again.
 *
 * Everybody is healthy until `fall` checks in a row failed, and unhealthy until `rise` succeeded: discovery named it, so
 * it is used at once. Checks are spread evenly over the interval, one timer for all of them; never two at one endpoint.
 * A check whose timeout fired late says nothing: our own event loop was at fault.
 */

import type { Clock } from '../../core/clock.js';
import type { Endpoint } from '../../core/endpoint.js';
import { describeError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { jittered } from '../../kit/backoff.js';
import type { HealthCheckSettings } from './health-check-settings.js';

export interface UnhealthyState {
  readonly kind: 'unhealthy';
  /** Clock time of the check that decided. */
  readonly sinceMs: number;
  /** Why the last check failed. */
  readonly detail: string;
}

export interface HealthChecks {
  /** Who is asked from now on. Who leaves is forgotten. Does not call `onChange`. */
  setMembers(endpoints: readonly Endpoint[]): void;
  /** Undefined while it counts as healthy. */
  state(id: string): UnhealthyState | undefined;
  readonly unhealthyCount: number;
  /** Ends every check and every timer. */
  close(): void;
}

export interface HealthChecksInput {
  readonly settings: HealthCheckSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Asks one endpoint: resolves when it is well, rejects or resolves with `false` when not. */
  readonly probe: (endpoint: Endpoint, signal: AbortSignal) => Promise<unknown>;
  /** Every good check. */
  readonly onPassed: (id: string) => void;
  readonly onTurned: (id: string, healthy: boolean, detail: string) => void;
  /** Eligibility must be judged again. */
  readonly onChange: () => void;
}

interface Member {
  endpoint: Endpoint;
  failures: number;
  successes: number;
  unhealthy: UnhealthyState | undefined;
  abort: AbortController | undefined;
}

/** Later than this, the timeout of a check is our own fault. Milliseconds. */
const LATE_MS = 500;

export function createHealthChecks(input: HealthChecksInput): HealthChecks {
  const { settings, clock, random } = input;
  const members = new Map<string, Member>();
  /** Ids in the order of asking. */
  let order: string[] = [];
  let next = 0;
  let ticks = 0;
  let unhealthyCount = 0;
  let timer: Disposable | undefined;
  let closed = false;

  function schedule(): void {
    if (closed || timer !== undefined || members.size === 0) return;
    const spacingMs = settings.intervalMs / Math.min(members.size, settings.maxPerInterval);
    timer = clock.setTimer(tick, jittered(spacingMs, settings.jitterRatio, random));
  }

  function tick(): void {
    timer = undefined;
    const member = dueMember();
    if (member !== undefined && member.abort === undefined) void ask(member);
    schedule();
  }

  /** In turn; where not all can be asked within an interval, every second time one that is in doubt. */
  function dueMember(): Member | undefined {
    ticks++;
    if (members.size > settings.maxPerInterval && ticks % 2 === 0) {
      for (const [id, member] of members) {
        if (member.failures === 0 && member.unhealthy === undefined) continue;
        // To the end of the map, so that the next one is another.
        members.delete(id);
        members.set(id, member);
        return member;
      }
    }
    const id = order[next++ % order.length];
    return id === undefined ? undefined : members.get(id);
  }

  async function ask(member: Member): Promise<void> {
    const abort = new AbortController();
    member.abort = abort;
    const dueMs = clock.now() + settings.timeoutMs;
    let isLate = false;
    const timeout = clock.setTimer(() => {
      isLate = clock.now() - dueMs > LATE_MS;
      abort.abort(new DOMException(`no answer within ${settings.timeoutMs} ms`, 'TimeoutError'));
    }, settings.timeoutMs);
    const failure = await failureOf(member.endpoint, abort.signal);
    timeout[Symbol.dispose]();
    member.abort = undefined;
    if (closed || isLate || members.get(member.endpoint.id) !== member) return;
    if (failure === undefined) passed(member);
    else failed(member, failure);
  }

  /** A check of the user's own may ignore its signal, throw at once, or never end. */
  function failureOf(endpoint: Endpoint, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(describeError(signal.reason)), { once: true });
      Promise.resolve()
        .then(() => input.probe(endpoint, signal))
        .then(
          (answer) => resolve(answer === false ? 'the check said no' : undefined),
          (error: unknown) => resolve(describeError(error)),
        );
    });
  }

  function passed(member: Member): void {
    const { id } = member.endpoint;
    member.failures = 0;
    member.successes++;
    if (member.unhealthy !== undefined && member.successes >= settings.rise) {
      member.unhealthy = undefined;
      unhealthyCount--;
      input.onTurned(id, true, `${member.successes} checks in a row succeeded`);
      input.onChange();
    }
    if (member.unhealthy === undefined) input.onPassed(id);
  }

  function failed(member: Member, why: string): void {
    member.successes = 0;
    member.failures++;
    if (member.unhealthy !== undefined || member.failures < settings.fall) return;
    const detail = `${member.failures} checks in a row failed, the last: ${why}`;
    member.unhealthy = Object.freeze({ kind: 'unhealthy', sinceMs: clock.now(), detail });
    unhealthyCount++;
    input.onTurned(member.endpoint.id, false, detail);
    input.onChange();
  }

  function leave(id: string, member: Member): void {
    members.delete(id);
    if (member.unhealthy !== undefined) unhealthyCount--;
    member.abort?.abort(new DOMException('the endpoint is not used any more', 'AbortError'));
  }

  return {
    setMembers(endpoints) {
      if (closed) return;
      const staying = new Set(endpoints.map(({ id }) => id));
      for (const [id, member] of members) if (!staying.has(id)) leave(id, member);
      for (const endpoint of endpoints) {
        const known = members.get(endpoint.id);
        if (known !== undefined) known.endpoint = endpoint;
        else members.set(endpoint.id, { endpoint, failures: 0, successes: 0, unhealthy: undefined, abort: undefined });
      }
      order = [...staying];
      schedule();
    },
    state: (id) => members.get(id)?.unhealthy,
    get unhealthyCount() {
      return unhealthyCount;
    },
    close() {
      closed = true;
      timer?.[Symbol.dispose]();
      for (const [id, member] of members) leave(id, member);
    },
  };
}

/** Typed events over eventemitter3, in which a listener that throws breaks nothing. */

import { EventEmitter } from 'eventemitter3';

import { describeError } from '../core/errors.js';
import type { EventName, EventSink, FairleadEvents } from '../core/events.js';

export type Listener<N extends EventName> = (...event: FairleadEvents[N]) => void;

export interface EventHub extends EventSink {
  on<N extends EventName>(name: N, listener: Listener<N>): void;
  once<N extends EventName>(name: N, listener: Listener<N>): void;
  off<N extends EventName>(name: N, listener: Listener<N>): void;
}

type AnyListener = (...event: unknown[]) => unknown;

export function createEventHub(): EventHub {
  const emitter = new EventEmitter();
  /** What was registered for each event and listener: the emitter only knows the guarded ones. */
  const guards = new Map<EventName, WeakMap<AnyListener, AnyListener>>();
  /** Anybody ever listened to anything. */
  let heard = false;

  const guard = (name: EventName, listener: AnyListener): AnyListener => {
    let ofName = guards.get(name);
    if (ofName === undefined) guards.set(name, (ofName = new WeakMap()));
    let guarded = ofName.get(listener);
    if (guarded === undefined) {
      guarded = (...event) => {
        try {
          const returned = listener(...event) as PromiseLike<unknown> | undefined;
          // An async listener is easily written, and its rejection would end the process.
          if (typeof returned?.then === 'function') returned.then(undefined, (error: unknown) => warnOf(name, error));
        } catch (error) {
          warnOf(name, error);
        }
      };
      ofName.set(listener, guarded);
    }
    return guarded;
  };
  const warnOf = (name: EventName, error: unknown): void => {
    // A listener of warnings that throws has nobody left to tell.
    if (name === 'warning' || emitter.listenerCount('warning') === 0) return;
    emitter.emit('warning', { service: undefined, message: `a listener of '${name}' threw: ${describeError(error)}` });
  };

  return {
    // Asked several times a call, and by most services in vain.
    wants: (name) => heard && emitter.listenerCount(name) > 0,
    emit: (name, ...event) => void emitter.emit(name, ...event),
    on(name, listener) {
      heard = true;
      emitter.on(name, guard(name, listener as AnyListener));
    },
    once(name, listener) {
      heard = true;
      emitter.once(name, guard(name, listener as AnyListener));
    },
    off: (name, listener) => void emitter.off(name, guard(name, listener as AnyListener)),
  };
}

/** Typed events over eventemitter3, in which a listener that throws breaks nothing. */

import { EventEmitter } from 'eventemitter3';

import { describeError } from '../core/errors.js';
import type { EventName, EventSink, FairleadEvents } from '../core/events.js';

export type Listener<N extends EventName> = (...event: FairleadEvents[N]) => void;

export interface EventHub extends EventSink {
  on<N extends EventName>(name: N, listener: Listener<N>): void;
  once<N extends EventName>(name: N, listener: Listener<N>): void;
  off<N extends EventName>(name: N, listener: Listener<N>): void;
  removeAll(): void;
}

type AnyListener = (...event: unknown[]) => void;

export function createEventHub(): EventHub {
  const emitter = new EventEmitter();
  /** What was registered for each listener: the emitter only knows the guarded ones. */
  const guards = new WeakMap<AnyListener, AnyListener>();

  const guard = (name: EventName, listener: AnyListener): AnyListener => {
    let guarded = guards.get(listener);
    if (guarded === undefined) {
      guarded = (...event) => {
        try {
          listener(...event);
        } catch (error) {
          // A listener of warnings that throws has nobody left to tell.
          if (name !== 'warning') warnOf(name, error);
        }
      };
      guards.set(listener, guarded);
    }
    return guarded;
  };
  const warnOf = (name: EventName, error: unknown): void => {
    if (emitter.listenerCount('warning') === 0) return;
    emitter.emit('warning', { service: undefined, message: `a listener of '${name}' threw: ${describeError(error)}` });
  };

  return {
    wants: (name) => emitter.listenerCount(name) > 0,
    emit: (name, ...event) => void emitter.emit(name, ...event),
    on: (name, listener) => void emitter.on(name, guard(name, listener as AnyListener)),
    once: (name, listener) => void emitter.once(name, guard(name, listener as AnyListener)),
    off: (name, listener) => void emitter.off(name, guard(name, listener as AnyListener)),
    removeAll: () => void emitter.removeAllListeners(),
  };
}

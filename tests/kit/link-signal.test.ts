import { getEventListeners } from 'node:events';

import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';

import { linkSignal } from '../../src/kit/link-signal.js';

describe('a link to a signal', () => {
  it('calls with the reason, once', () => {
    const controller = new AbortController();
    const onAbort = jest.fn();
    linkSignal(controller.signal, onAbort);
    expect(onAbort).not.toHaveBeenCalled();
    controller.abort('why');
    controller.abort('again');
    expect(onAbort.mock.calls).toEqual([['why']]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('calls at once when the signal has aborted already', () => {
    const onAbort = jest.fn();
    const unlink = linkSignal(AbortSignal.abort('before'), onAbort);
    expect(onAbort.mock.calls).toEqual([['before']]);
    unlink();
  });

  it('calls no more after unlinking, and leaves no listener', () => {
    const controller = new AbortController();
    const onAbort = jest.fn();
    const unlink = linkSignal(controller.signal, onAbort);
    unlink();
    unlink();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    expect(onAbort).not.toHaveBeenCalled();
  });

  it('does nothing without a signal', () => {
    const onAbort = jest.fn();
    linkSignal(undefined, onAbort)();
    expect(onAbort).not.toHaveBeenCalled();
  });

  it('holds exactly one listener per link that is alive', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (keep) => {
        const controller = new AbortController();
        let called = 0;
        for (const kept of keep) {
          const unlink = linkSignal(controller.signal, () => called++);
          if (!kept) unlink();
        }
        const alive = keep.filter(Boolean).length;
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(alive);
        controller.abort();
        expect(called).toBe(alive);
      }),
    );
  });
});

/** Waiting for a service's first endpoints, as a promise. */

import { linkSignal } from '../kit/link-signal.js';
import type { Service } from './service.js';

/** Rejects with the reason when waiting is pointless or over, and with the signal's reason when that aborts. */
export function whenAvailable(service: Service, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (service.pickable) return Promise.resolve();
  return new Promise((resolve, reject) => {
    // The refusal may come at once, before there is anything to unlink.
    const link: { unlink?: () => void } = {};
    const waiting = service.whenPickable(timeoutMs, (refusal) => {
      link.unlink?.();
      if (refusal === undefined) resolve();
      else reject(refusal);
    });
    link.unlink = linkSignal(signal, () => {
      waiting[Symbol.dispose]();
      reject(signal?.reason as Error);
    });
  });
}

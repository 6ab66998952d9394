import type { Lease, PickContext } from '../core/lease.js';
import { linkSignal } from '../kit/link-signal.js';
import type { Service } from './service.js';

/** Waits in the service's queue for a place, and takes it before anybody else can. */
export function leaseWhenFree(service: Service, context: PickContext, timeoutMs: number): Promise<Lease> {
  return new Promise((resolve, reject) => {
    // The refusal may come at once, before there is anything to unlink.
    const link: { unlink?: () => void } = {};
    const waiting = service.limits.whenFree(timeoutMs, (refusal) => {
      link.unlink?.();
      if (refusal !== undefined) reject(refusal);
      // Now, and not a turn of the event loop later: by then the place may be gone.
      else resolve(leased(service, context));
    });
    link.unlink = linkSignal(context.signal, () => {
      waiting[Symbol.dispose]();
      reject(context.signal?.reason as Error);
    });
  });
}

async function leased(service: Service, context: PickContext): Promise<Lease> {
  return service.lease(context);
}

/** The outside world of the demo: a fleet of HTTP servers and a registry, each in a process of its own. */
import { startFleet, startRegistryServer } from 'fairlead/testing';

export const SERVICE = 'orders';
const FLEET_SIZE = 8;
/** How long a healthy server works on a request. */
const WORK_MS = 40;
/** The slow one takes ten times as long. */
export const SLOWDOWN_MS = 9 * WORK_MS;

export async function startServers() {
  const fleet = await startFleet({ size: FLEET_SIZE, serviceTimeMs: WORK_MS });
  try {
    const registry = await startRegistryServer({ services: { [SERVICE]: fleet.addresses } });
    return {
      fleet,
      registry,
      close: () => Promise.all([fleet.close(), registry.close()]),
    };
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

/** `fairlead/testing`: what the library's own tests are made of, for yours. */

export type {
  ConformanceBackend,
  ConformanceCase,
  ResolverConformanceOptions,
  ServedEndpoint,
} from './testing/conformance-options.js';
export { createFakeClock, type AdvanceOptions, type FakeClock } from './testing/fake-clock.js';
export {
  startFleet,
  type Fleet,
  type FleetOptions,
  type FleetServer,
  type FleetServerOptions,
} from './testing/fleet.js';
export { createManualResolver, type ManualResolver } from './testing/manual-resolver.js';
export type { RegistryMode, RegistryStats, RegistryTarget } from './testing/registry-mode.js';
export { startRegistryServer, type RegistryServer, type RegistryServerOptions } from './testing/registry-server.js';
export { resolverConformance } from './testing/resolver-conformance.js';
export { createSeededRandom } from './testing/seeded-random.js';
export type { ReceivedRequest, ServerMode, ServerStats, ServerTls } from './testing/server-mode.js';

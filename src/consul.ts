/** `fairlead/consul`: endpoints from HashiCorp Consul. */

export type { RegistryTls } from './control/resolvers/background-fetch.js';
export type { ConsulResolverOptions } from './control/resolvers/consul/consul-options.js';
export { consulResolver } from './control/resolvers/consul/consul-resolver.js';

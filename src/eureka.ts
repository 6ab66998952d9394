/** `fairlead/eureka`: endpoints from Netflix Eureka. */

export type { RegistryTls } from './control/resolvers/background-fetch.js';
export type { EurekaResolverOptions } from './control/resolvers/eureka/eureka-options.js';
export { eurekaResolver } from './control/resolvers/eureka/eureka-resolver.js';

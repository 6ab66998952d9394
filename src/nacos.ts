/** `fairlead/nacos`: endpoints from Alibaba's Nacos. */

export type { RegistryTls } from './control/resolvers/background-fetch.js';
export type { NacosResolverOptions, NacosVersion } from './control/resolvers/nacos/nacos-options.js';
export { nacosResolver } from './control/resolvers/nacos/nacos-resolver.js';

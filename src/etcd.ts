/** `fairlead/etcd`: endpoints from keys in etcd. */

export type { RegistryTls } from './control/resolvers/background-fetch.js';
export { etcdResolver } from './control/resolvers/etcd/etcd-resolver.js';
export type { EtcdAuth, EtcdResolverOptions } from './control/resolvers/etcd/etcd-options.js';
export type { ParseEtcdValue } from './control/resolvers/etcd/key-space.js';

/**
 * Endpoints from keys in etcd, followed by a watch over the JSON gateway that every etcd since 3.4 has on its client port:
 * no gRPC, and nothing beyond Node. A service writes a key with its address under a lease and keeps the lease alive; its
 * end arrives here as a deletion.
 *
 * The list is read once, then changes are pushed. What can be wrong with a watch is in etcd-session.ts, when changes are
 * handed on in snapshot-publisher.ts, and who is asked in etcd-watch.ts. An empty list is doubted by the feed, as for every
 * resolver.
 */

import type { Watcher } from '../../../core/resolver.js';
import { sourceOf } from '../registry-url.js';
import { etcdSettings, type EtcdResolverOptions } from './etcd-options.js';
import { watchEtcd } from './etcd-watch.js';

/**
 * A resolver for the keys under a prefix.
 *
 * @example etcdResolver({ url: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'], prefix: '/services/orders/' })
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function etcdResolver(options: EtcdResolverOptions): Watcher {
  const settings = etcdSettings(options);
  return {
    kind: 'etcd',
    source: `${sourceOf(settings.urls)} ${settings.prefix}`,
    watch: (receiver, ctx) => void watchEtcd(settings, receiver, ctx),
  };
}

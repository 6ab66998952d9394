/**
 * Endpoints from the EndpointSlices of a Kubernetes Service, read once and then followed by a watch: a change is known
 * milliseconds after the control plane has made it, and calls go to pods, without kube-proxy and its choice of a pod for
 * the life of a connection.
 *
 * Who is asked: find-cluster.ts. When the list is read again and when a watch goes on: watch-slices.ts. Who of a slice
 * gets traffic: slice-endpoints.ts. An empty list is doubted by the feed, as for every resolver.
 */

import type { Watcher } from '../../../core/resolver.js';
import { sourceOf } from '../registry-url.js';
import { findCluster } from './find-cluster.js';
import { checkedOptions, type KubernetesResolverOptions } from './kubernetes-options.js';
import { watchSlices, type KubernetesSettings } from './watch-slices.js';

/** @throws FairleadError `ERR_INVALID_OPTION`, also when the process runs in no cluster and no other is given */
export function kubernetesResolver(options: KubernetesResolverOptions): Watcher {
  const given = checkedOptions(options);
  const access = findCluster(given, process.env);
  const settings: KubernetesSettings = {
    access,
    namespace: given.namespace ?? access.namespace ?? 'default',
    service: given.service,
    port: given.port,
    scheme: given.scheme,
    family: given.family,
    zone: given.zone,
    timeoutMs: given.timeoutMs ?? 10_000,
    idleMs: given.idleMs ?? 90_000,
    maxBytes: given.maxBytes ?? 20_971_520,
  };
  return {
    kind: 'kubernetes',
    source: `${sourceOf([access.url])} ${settings.namespace}/${settings.service} ${given.port ?? ''}`,
    watch: (receiver, ctx) => void watchSlices(settings, receiver, ctx),
  };
}

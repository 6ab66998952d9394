/** `fairlead/kubernetes`: endpoints from the EndpointSlices of a Kubernetes Service. */

export type { RegistryTls } from './control/resolvers/background-fetch.js';
export type {
  KubeconfigOptions,
  KubernetesResolverOptions,
} from './control/resolvers/kubernetes/kubernetes-options.js';
export { kubernetesResolver } from './control/resolvers/kubernetes/kubernetes-resolver.js';

/**
 * Kubernetes' own client, which is no CommonJS and so cannot run within Jest: lists in pages, then keeps an informer, and
 * prints what it hears, one JSON value a line. Arguments: the server, the token, the file of its authority, the namespace.
 */

import workers from 'node:worker_threads';
import zlib from 'node:zlib';

// The client's undici is for Node 22.19. What it misses on Node 20 is either given to it, or of no use here, where nothing is
// compressed and nothing cloned.
Promise.withResolvers ??= () => {
  let [resolve, reject] = [];
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
};
zlib.createZstdDecompress ??= zlib.createBrotliDecompress;
workers.markAsUncloneable ??= () => {};
const { DiscoveryV1Api, KubeConfig, makeInformer } = await import('@kubernetes/client-node');

const [server, token, caFile, namespace] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromOptions({
  clusters: [{ name: 'double', server, caFile }],
  users: [{ name: 'tester', token }],
  contexts: [{ name: 'test', cluster: 'double', user: 'tester' }],
  currentContext: 'test',
});
const api = config.makeApiClient(DiscoveryV1Api);
const labelSelector = 'kubernetes.io/service-name=orders';
const say = (what, slice) => console.log(JSON.stringify([what, slice?.metadata?.name ?? slice]));

let next;
do {
  const page = await api.listNamespacedEndpointSlice({ namespace, labelSelector, limit: 2, _continue: next });
  say('page', page.items.map(({ metadata }) => metadata.name).join(' '));
  next = page.metadata._continue;
} while (next);

const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const list = () => api.listNamespacedEndpointSlice({ namespace, labelSelector });
const informer = makeInformer(config, path, list, labelSelector);
for (const event of ['add', 'update', 'delete']) informer.on(event, (slice) => say(event, slice));
informer.on('connect', () => say('connect'));
informer.on('error', (error) => {
  say('error', String(error?.message ?? error));
  setTimeout(() => void informer.start(), 50);
});
await informer.start();

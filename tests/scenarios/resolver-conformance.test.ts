/** The contract of resolvers, kept by those whose sources are real servers: DNS, Consul, etcd; and by Kubernetes' over a double. */

import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';

import { consulResolver } from '../../src/consul.js';
import { dnsResolver } from '../../src/control/resolvers/dns-resolver.js';
import { etcdResolver } from '../../src/etcd.js';
import { kubernetesResolver } from '../../src/kubernetes.js';
import type { ServedEndpoint } from '../../src/testing/conformance-options.js';
import { resolverConformance } from '../../src/testing/resolver-conformance.js';
import { startConsul, type Consul } from '../support/consul.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startEtcd, type Etcd } from '../support/etcd.js';
import { startKnot, type Knot } from '../support/knot.js';
import { startKubernetesApi, type KubernetesApi } from '../support/kubernetes-api/api-server.js';
import { apiSlice, READY } from '../support/kubernetes-api/slice-fixtures.js';

jest.setTimeout(60_000);

/** A server in a process of its own: it cannot be asked once it is killed, and says nothing while it is stopped. */
interface Outages {
  readonly fail: () => Promise<void>;
  readonly hang: () => void;
  /** Ends either. */
  readonly heal: () => Promise<void>;
}

function outagesOf(
  server: () => { kill(): Promise<void>; pause(): void; resume(): void; restart(): Promise<void> },
): Outages {
  let state: 'well' | 'killed' | 'stopped' = 'well';
  return {
    async fail() {
      state = 'killed';
      await server().kill();
    },
    hang() {
      state = 'stopped';
      server().pause();
    },
    async heal() {
      if (state === 'stopped') server().resume();
      if (state === 'killed') await server().restart();
      state = 'well';
    },
  };
}

function play(cases: ReturnType<typeof resolverConformance>): void {
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run());
}

describeWithServer('knot', 'dnsResolver', () => {
  let knot: Knot;
  beforeAll(async () => void (knot = await startKnot({ zones: { test: [] } })));
  afterAll(() => knot.close());
  const { heal, ...outages } = outagesOf(() => knot);
  play(
    resolverConformance({
      create: () => dnsResolver('orders.test', { port: 8_080, servers: [knot.address], timeoutMs: 300, tries: 1 }),
      backend: {
        ...outages,
        async serve(endpoints) {
          await heal();
          const hosts = endpoints.map(({ host }) => host);
          await knot.setRecords('test', 'orders', 'A', 1, hosts);
        },
      },
    }),
  );
});

describeWithServer('consul', 'consulResolver', () => {
  let consul: Consul;
  let registered: readonly string[] = [];
  beforeAll(async () => void (consul = await startConsul()));
  afterAll(() => consul.close());
  const { heal, ...outages } = outagesOf(() => consul);
  play(
    resolverConformance({
      create: () => consulResolver({ service: 'orders', url: consul.url, waitMs: 2_000, timeoutMs: 1_000 }),
      backend: {
        ...outages,
        async serve(endpoints) {
          await heal();
          const wanted = endpoints.map(({ host }) => host);
          for (const id of registered) if (!wanted.includes(id)) await consul.deregister(id).catch(() => {});
          for (const { host, port } of endpoints)
            await consul.register({ name: 'orders', id: host, address: host, port });
          registered = wanted;
        },
      },
    }),
  );
});

describeWithServer('etcd', 'etcdResolver', () => {
  const PREFIX = '/services/orders/';
  let etcd: Etcd;
  let known: readonly ServedEndpoint[] = [];
  beforeAll(async () => void (etcd = await startEtcd()));
  afterAll(() => etcd.close());
  const { heal, ...outages } = outagesOf(() => etcd);
  play(
    resolverConformance({
      create: () => etcdResolver({ prefix: PREFIX, url: etcd.url, checkMs: 2_000, timeoutMs: 1_000 }),
      backend: {
        ...outages,
        async serve(endpoints) {
          await heal();
          for (const one of known) if (!endpoints.includes(one)) await etcd.delete(`${PREFIX}${one.host}`);
          for (const { host, port } of endpoints) await etcd.put(`${PREFIX}${host}`, `${host}:${port}`);
          known = endpoints;
        },
      },
    }),
  );
});

describe('kubernetesResolver', () => {
  let api: KubernetesApi;
  beforeAll(async () => void (api = await startKubernetesApi()));
  afterAll(() => api.kill());
  play(
    resolverConformance({
      create: () =>
        kubernetesResolver({ service: 'orders', namespace: 'shop', url: api.url, idleMs: 1_500, timeoutMs: 1_000 }),
      backend: {
        async serve(endpoints) {
          api.resume();
          await api.fault({ kind: 'none' });
          const conditions = READY;
          await api.put(
            apiSlice({
              name: 'orders-1',
              endpoints: endpoints.map(({ host }) => ({ addresses: [host], conditions })),
            }),
          );
        },
        async fail() {
          await api.fault({ kind: 'status', status: 503 });
          await api.endWatches('abruptly');
        },
        async garble() {
          await api.fault({ kind: 'garbage' });
          await api.endWatches('abruptly');
        },
        hang: () => api.pause(),
      },
    }),
  );
});

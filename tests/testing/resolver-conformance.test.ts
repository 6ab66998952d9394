/** The library's own resolvers pass its conformance suite, and each case of the suite catches a resolver that is wrong. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { Receiver, Resolver, ResolverAnswer, WatchContext } from '../../src/core/resolver.js';
import { eurekaResolver } from '../../src/control/resolvers/eureka/eureka-resolver.js';
import { fileResolver } from '../../src/control/resolvers/file-resolver.js';
import { nacosResolver } from '../../src/control/resolvers/nacos/nacos-resolver.js';
import type { RegistryResolverOptions } from '../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../src/control/resolvers/registry-resolver.js';
import { staticResolver } from '../../src/control/resolvers/static-resolver.js';
import type { ConformanceBackend, ServedEndpoint } from '../../src/testing/conformance-options.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { resolverConformance } from '../../src/testing/resolver-conformance.js';
import { startEurekaServer, type EurekaServer } from '../support/eureka-server.js';
import { startNacosServer, type NacosServer } from '../support/nacos-server.js';

jest.setTimeout(60_000);

const addressOf = ({ host, port }: ServedEndpoint): string => `${host}:${port}`;

describe('staticResolver', () => {
  let served: readonly ServedEndpoint[] = [];
  const cases = resolverConformance({
    create: () => staticResolver(served),
    backend: { serve: (endpoints) => void (served = endpoints) },
    fixed: true,
  });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run());
});

describe.each<[string, Partial<RegistryResolverOptions>]>([
  ['that is polled', {}],
  ['that holds requests', { longPoll: { waitMs: 5_000 } }],
  ['that pushes', { sse: true }],
])('registryResolver with a registry %s', (_, options) => {
  let registry: RegistryServer;
  beforeAll(async () => void (registry = await startRegistryServer()));
  afterAll(() => registry.close());
  const cases = resolverConformance({
    create: () => registryResolver({ url: registry.urlOf('orders'), ttlMs: 100, timeoutMs: 1_000, ...options }),
    backend: {
      async serve(endpoints) {
        await registry.setMode({ kind: 'ok' });
        await registry.set('orders', endpoints.map(addressOf));
      },
      fail: () => registry.setMode({ kind: 'down' }),
      hang: () => registry.setMode({ kind: 'hang' }),
    },
  });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (__, run) => run());
});

describe('fileResolver', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'fairlead-conformance-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (text: string): void => {
    writeFileSync(join(folder, 'next'), text);
    renameSync(join(folder, 'next'), join(folder, 'orders.json'));
  };
  const cases = resolverConformance({
    create: () => fileResolver(join(folder, 'orders.json'), { pollMs: 100 }),
    backend: {
      serve: (endpoints) => write(JSON.stringify(endpoints)),
      fail: () => rmSync(join(folder, 'orders.json'), { force: true }),
      garble: () => write('{"endpoints":'),
    },
  });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run());
});

describe.each([[false], [true]])('eurekaResolver, by deltas: %s', (delta) => {
  let eureka: EurekaServer;
  let ids: string[] = [];
  beforeAll(async () => void (eureka = await startEurekaServer()));
  afterAll(() => eureka.kill());
  const cases = resolverConformance({
    create: () => eurekaResolver({ url: eureka.url, app: 'orders', delta, ttlMs: 100, timeoutMs: 1_000 }),
    backend: {
      async serve(endpoints) {
        await eureka.setMode({ kind: 'ok' });
        for (const id of ids) await eureka.cancel('ORDERS', id);
        ids = endpoints.map(addressOf);
        for (const { host, port } of endpoints)
          await eureka.register('ORDERS', { instanceId: `${host}:${port}`, hostName: host, ipAddr: host, port });
      },
      fail: () => eureka.setMode({ kind: 'status', status: 503 }),
      hang: () => eureka.setMode({ kind: 'hang' }),
      garble: () => eureka.setMode({ kind: 'garbage' }),
    },
  });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run());
});

describe('nacosResolver', () => {
  let nacos: NacosServer;
  let known: readonly ServedEndpoint[] = [];
  beforeAll(async () => void (nacos = await startNacosServer()));
  afterAll(() => nacos.kill());
  const deregister = ({ host, port }: ServedEndpoint): Promise<unknown> =>
    fetch(`${nacos.url}/nacos/v1/ns/instance?serviceName=orders&ip=${host}&port=${port}`, { method: 'DELETE' });
  const cases = resolverConformance({
    create: () => nacosResolver({ url: nacos.url, service: 'orders', timeoutMs: 1_000 }),
    backend: {
      async serve(endpoints) {
        await nacos.setMode({ kind: 'ok' });
        for (const endpoint of known) await deregister(endpoint);
        known = endpoints;
        for (const { host, port } of endpoints) await nacos.register('orders', { ip: host, port });
      },
      fail: () => nacos.setMode({ kind: 'status', status: 503 }),
      hang: () => nacos.setMode({ kind: 'hang' }),
      garble: () => nacos.setMode({ kind: 'garbage' }),
    },
  });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run());
});

/** A source in memory. */
function memory(): {
  backend: ConformanceBackend;
  ask(signal?: AbortSignal): Promise<string[]>;
  listen(l: () => void): void;
} {
  let mode: 'ok' | 'down' | 'hanging' = 'ok';
  let served: readonly ServedEndpoint[] = [];
  const listeners = new Set<() => void>();
  const become = (next: typeof mode): void => {
    mode = next;
    for (const listener of listeners) listener();
  };
  return {
    backend: {
      serve(endpoints) {
        served = endpoints;
        become('ok');
      },
      fail: () => become('down'),
      hang: () => become('hanging'),
    },
    async ask(signal) {
      if (mode === 'down') throw new Error('down');
      if (mode === 'ok') return served.map(addressOf);
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    listen: (listener) => void listeners.add(listener),
  };
}

type Source = ReturnType<typeof memory>;

/** Names of the cases that fail for a resolver over a source in memory. */
async function failing(create: (source: Source) => Resolver): Promise<string[]> {
  const source = memory();
  const names: string[] = [];
  for (const { name, run } of resolverConformance({ ...source, create: () => create(source), timeoutMs: 1_000 })) {
    await run().catch(() => names.push(name));
  }
  return names;
}

const prober = (resolve: (ctx: { signal: AbortSignal }) => Promise<ResolverAnswer>): Resolver => ({
  kind: 'own',
  resolve,
});

describe('the conformance suite', () => {
  it('passes a prober and a watcher that keep the contract', async () => {
    expect(await failing(({ ask }) => prober(async ({ signal }) => ({ endpoints: await ask(signal) })))).toEqual([]);
    expect(
      await failing(({ ask, listen }) => ({
        kind: 'own',
        watch(receiver: Receiver, { signal }: WatchContext) {
          const tell = (): void =>
            void ask(signal).then(
              (endpoints) => void (signal.aborted || receiver.update({ endpoints })),
              (error: unknown) => void (signal.aborted || receiver.error(error)),
            );
          listen(tell);
          tell();
        },
      })),
    ).toEqual([]);
  });

  it.each<[string, string, (source: Source) => Resolver]>([
    [
      'takes an error for emptiness',
      'reports an error, never an empty list, while its source cannot be asked',
      ({ ask }) => prober(async ({ signal }) => ({ endpoints: await ask(signal).catch(() => []) })),
    ],
    [
      'takes emptiness for an error',
      'takes nobody for an answer, not for an error',
      ({ ask }) =>
        prober(async ({ signal }) => {
          const endpoints = await ask(signal);
          if (endpoints.length === 0) throw new Error('nobody');
          return { endpoints };
        }),
    ],
    [
      'answers differences',
      'gives the full set after a change, not the difference',
      ({ ask }) => {
        let known: string[] = [];
        return prober(async ({ signal }) => {
          const all = await ask(signal);
          const fresh = all.filter((one) => !known.includes(one));
          known = all;
          return { endpoints: fresh.length > 0 ? fresh : all.slice(0, 1) };
        });
      },
    ],
    [
      'ignores its signal',
      'ends at once when its signal aborts, though its source hangs',
      ({ ask }) => prober(async () => ({ endpoints: await ask() })),
    ],
    [
      'hands over what is no endpoint',
      'finds everybody who serves the name, and every endpoint can be used',
      ({ ask }) => prober(async ({ signal }) => ({ endpoints: [...(await ask(signal)), 'no endpoint'] })),
    ],
    [
      'tells after its end',
      'says nothing after its end',
      ({ ask, listen }) => ({
        kind: 'own',
        watch(receiver: Receiver, { signal }: WatchContext) {
          const tell = (): void =>
            void ask(signal).then(
              (endpoints) => receiver.update({ endpoints }),
              (error: unknown) => receiver.error(error),
            );
          listen(tell);
          tell();
        },
      }),
    ],
    [
      'repeats its failures in a spin',
      'takes nobody away while its source cannot be asked, and recovers by itself',
      ({ ask }) => ({
        kind: 'own',
        watch(receiver: Receiver, { signal, clock }: WatchContext) {
          const tell = (): void => {
            if (signal.aborted) return;
            ask(signal)
              .then(
                (endpoints) => void (signal.aborted || receiver.update({ endpoints })),
                (error: unknown) => void (signal.aborted || receiver.error(error)),
              )
              .finally(() => clock.setTimer(tell, 1));
          };
          tell();
        },
      }),
    ],
    [
      'has no kind',
      'says what kind it is, and is asked or watched',
      () => ({ ...prober(async () => ({ endpoints: [] })), kind: '' }),
    ],
  ])('catches a resolver that %s', async (_, name, create) => {
    expect(await failing(create)).toContain(name);
  });
});

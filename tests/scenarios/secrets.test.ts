/** Secrets in every place where a caller has some, a failure in every place, and all that is said about it read for them. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { consulResolver } from '../../src/consul.js';
import { etcdResolver } from '../../src/etcd.js';
import { eurekaResolver } from '../../src/eureka.js';
import { createClient, registryResolver, type Client, type EventName, type TlsOptions } from '../../src/index.js';
import { kubernetesResolver } from '../../src/kubernetes.js';
import { nacosResolver } from '../../src/nacos.js';
import { createCertificateAuthority } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import type { Listener } from '../support/listener.js';
import { rejectionOf } from '../support/rejection.js';
import { resolversWith, REVELATIONS, SECRET, startRevealingRegistry, TRACES } from '../support/revealing-registry.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const ALL_EVENTS: readonly EventName[] = [
  'resolve',
  'resolveError',
  'cacheFile',
  'endpoints',
  'eject',
  'uneject',
  'healthCheck',
  'drain',
  'panic',
  'breaker',
  'throttle',
  'attempt',
  'retry',
  'hedge',
  'call',
  'tlsReload',
  'warning',
];

function hear(client: Client): unknown[] {
  const heard: unknown[] = [];
  for (const name of ALL_EVENTS) client.on(name, (event) => heard.push([name, event]));
  return heard;
}

function expectNoTrace(of: unknown, traces: readonly string[] = TRACES): void {
  for (const text of [inspect(of, { depth: 20, showHidden: true, maxArrayLength: null }), JSON.stringify(of)])
    for (const trace of traces) expect(text).not.toContain(trace);
}

const sayings = (client: Client): unknown[] => [
  client,
  client.snapshot(),
  ...Object.keys(client.snapshot().services).map((name) => client.explain(name)),
];

let registry: Listener | undefined;
afterEach(async () => {
  await registry?.[Symbol.asyncDispose]();
  registry = undefined;
});

it('of a call appear in no error, event, snapshot, explanation, or inspected client', async () => {
  const ports = await Promise.all([freePort(), freePort()]);
  const endpoints = [`127.0.0.1:${ports[0]}`, `http://user:${SECRET}@127.0.0.1:${ports[1]}`];
  await using client = createClient({
    services: { orders: { resolver: { kind: 'own', resolve: () => Promise.resolve({ endpoints }) } } },
  });
  const heard = hear(client);
  const headers = { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'x-api-key': SECRET };
  const errors = [
    await rejectionOf(client.fetch(`http://orders/v1?token=${SECRET}`, { headers })),
    await rejectionOf(client.fetch('http://orders/v1', { method: 'POST', body: SECRET, headers })),
    await rejectionOf(client.request(`http://orders/v1?token=${SECRET}`, { headers })),
  ];
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('ERR_ALL_ATTEMPTS_FAILED'));
  const kinds = new Set(heard.map((entry) => (entry as [string])[0]));
  expect([...kinds]).toEqual(expect.arrayContaining(['call', 'attempt', 'endpoints']));
  expectNoTrace([errors, heard, ...sayings(client)]);
});

describe.each(REVELATIONS)('that a registry is asked with, and repeats in %s,', (how) => {
  it('appear nowhere either', async () => {
    registry = await startRevealingRegistry(how);
    const { requests, address } = registry;
    const resolvers = resolversWith(`http://${address}`);
    const services = Object.fromEntries(
      Object.entries(resolvers).map(([name, resolver]) => [name, { resolver, selectionTimeoutMs: 200 }]),
    );
    await using client = createClient({ services });
    const heard = hear(client);
    const names = Object.keys(services);
    const errors = await Promise.all(names.map((name) => rejectionOf(client.fetch(`http://${name}/`))));
    const failed = (name: string): boolean =>
      heard.some((entry) => (entry as [string])[0] === 'resolveError' && inspect(entry).includes(`'${name}'`));
    for (const name of names) await until(() => failed(name), { what: `a failure of ${name}`, timeoutMs: 20_000 });
    // It was told them, and could repeat them.
    expect(TRACES.some((trace) => inspect(requests, { depth: 5, maxArrayLength: null }).includes(trace))).toBe(true);
    expectNoTrace([errors, heard, ...sayings(client), resolvers]);
  });
});

it('of a registry appear nowhere in what the command prints', async () => {
  registry = await startRevealingRegistry('no JSON');
  const url = `http://${registry.address}`;
  const specs = [
    `${url}/orders?token=${SECRET}`,
    `consul:orders?url=${url}&token=$TOKEN`,
    `consul:orders?url=${url}&token=${SECRET}&tokne=1`,
    `etcd:/orders/?url=${url}&auth.username=user&auth.password=$TOKEN`,
    `kubernetes:shop/orders?url=${url}&token=$TOKEN`,
    `eureka:orders?url=${url}&username=user&password=$TOKEN`,
    `nacos:orders?url=${url}&username=user&password=${SECRET}`,
  ];
  const outputs = await Promise.all(
    specs.map((spec, index) => commandOutput([spec, '--timeout', '1s', ...(index % 2 === 0 ? ['--json'] : [])])),
  );
  for (const output of outputs) expect(output.length).toBeGreaterThan(20);
  expectNoTrace(outputs);
});

function commandOutput(words: readonly string[]): Promise<string> {
  const command = join(__dirname, '../../dist/cli.js');
  const options = { env: { PATH: process.env['PATH'], TOKEN: SECRET }, timeout: 40_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, 'resolve', ...words], options, (_, out, err) => resolve(out + err));
  });
}

it('of a registry appear nowhere when its options are wrong', () => {
  const bad = `${SECRET}\r\n`;
  const [url, withUser] = ['http://registry', `http://user:${SECRET}@registry`];
  const wrong: (() => unknown)[] = [
    () => registryResolver({ url: withUser }),
    () => registryResolver({ url, headers: { authorization: bad } }),
    () => registryResolver({ url, headers: { authorization: '', 'x-token': bad } }),
    () => consulResolver({ service: 'orders', token: bad }),
    () => consulResolver({ service: 'orders', url: withUser }),
    () => consulResolver({ service: 'orders', token: [SECRET] as never }),
    () => etcdResolver({ prefix: '/', url: withUser }),
    () => etcdResolver({ prefix: '/', auth: { username: '', password: SECRET } }),
    () => kubernetesResolver({ service: 'orders', namespace: 'shop', url, token: bad }),
    () => kubernetesResolver({ service: 'orders', namespace: 'shop', url: withUser }),
    () => kubernetesResolver({ service: 'orders', kubeconfig: `/${'nowhere/'.repeat(3)}`, token: SECRET }),
    () => eurekaResolver({ app: 'orders', url, username: 'a:b', password: SECRET }),
    () => eurekaResolver({ app: 'orders', url: withUser, username: 'user', password: SECRET }),
    () => nacosResolver({ service: 'orders', url: withUser }),
    () => nacosResolver({ service: 'orders', url, password: SECRET }),
    () => nacosResolver({ service: 'orders', url, username: 'user', password: [SECRET] as never }),
    () => consulResolver({ service: 'orders', tls: { ca: SECRET, cert: SECRET, key: SECRET } }),
    () => consulResolver({ service: 'orders', tls: { key: 1, cert: SECRET } as never }),
  ];
  for (const make of wrong) {
    let said: unknown;
    try {
      said = make();
    } catch (error) {
      said = error;
    }
    expectNoTrace(said);
  }
});

describe('of TLS', () => {
  it('appear nowhere, whatever is wrong with them', async () => {
    const ca = await createCertificateAuthority();
    const [own, other] = await Promise.all([ca.issue('orders.internal'), ca.issue('other.internal')]);
    /** A line from the middle of each key. */
    const keyLines = [own, other].map(({ key }) => key.split('\n')[5] ?? '');
    const pfx = Buffer.from(`no container, but ${SECRET}`);
    const wrong: Record<string, TlsOptions> = {
      mismatched: { cert: own.cert, key: other.key },
      broken: { cert: own.cert, key: own.key.replace('PRIVATE KEY', `PRIVATE KEY ${SECRET}`) },
      locked: { cert: own.cert, key: own.key, passphrase: SECRET },
      container: { pfx, passphrase: SECRET },
      refused: { ca: ca.cert, cert: own.cert, key: own.key },
    };
    const address = `https://127.0.0.1:${await freePort()}`;
    const resolver = { kind: 'own', resolve: () => Promise.resolve({ endpoints: [address] }) };
    await using client = createClient({
      services: Object.fromEntries(Object.entries(wrong).map(([name, tls]) => [name, { resolver, tls }])),
    });
    const heard = hear(client);
    const errors = await Promise.all(Object.keys(wrong).map((name) => rejectionOf(client.fetch(`https://${name}/`))));
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('tls.cert with tls.key cannot be used'),
      expect.stringContaining('tls.cert with tls.key cannot be used'),
      expect.stringContaining('ECONNREFUSED'),
      expect.stringContaining('tls.pfx cannot be used'),
      expect.stringContaining('ECONNREFUSED'),
    ]);
    expectNoTrace([errors, heard, ...sayings(client)], [SECRET, pfx.toString('hex', 0, 8), ...keyLines]);
  });

  it('appear nowhere when they are no valid options', () => {
    for (const tls of [
      { passphrase: [SECRET] },
      { key: { pem: SECRET }, cert: 'x' },
      { pfx: SECRET },
      { kee: SECRET },
    ]) {
      const services = { orders: { resolver: { kind: 'own', resolve: async () => ({ endpoints: [] }) }, tls } };
      let thrown: unknown;
      try {
        createClient({ services } as never);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'ERR_INVALID_OPTION' });
      expectNoTrace(thrown);
    }
  });
});

/** Eureka and Nacos by https: servers that want to see a certificate, and instances that are reached at secure ports. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import { eurekaResolver } from '../../src/eureka.js';
import { nacosResolver } from '../../src/nacos.js';
import type { Prober } from '../../src/core/resolver.js';
import { startFleet } from '../../src/testing/fleet.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { startEurekaServer } from '../support/eureka-server.js';

// Keys take their time.
jest.setTimeout(30_000);

let authority: CertificateAuthority;
let client: Certificate;
let server: Server;
let url: string;

const ANSWER = JSON.stringify({
  application: {
    name: 'ORDERS',
    instance: { instanceId: 'i', app: 'ORDERS', hostName: 'h', status: 'UP', port: { $: 1, '@enabled': 'true' } },
  },
  code: 0,
  data: { hosts: [{ ip: '10.0.0.1', port: 1 }] },
});

beforeAll(async () => {
  authority = await createCertificateAuthority();
  client = await authority.issue('client');
  const material = { ca: authority.cert, ...(await authority.issue('registry.test')) };
  server = createServer({ ...material, requestCert: true }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => server.close().closeAllConnections());

const RESOLVERS: Readonly<Record<string, (tls: { ca?: string }) => Prober>> = {
  eureka: (tls) => eurekaResolver({ url, app: 'orders', tls }),
  nacos: (tls) => nacosResolver({ url, service: 'orders', tls }),
};

describe.each(['eureka', 'nacos'])('%s by https', (kind) => {
  const ask = (tls: object): Promise<unknown> =>
    RESOLVERS[kind]!(tls)
      .resolve(new AbortController())
      .then(
        ({ endpoints }) => endpoints.length,
        (error: unknown) => (error as Error).message,
      );

  it('answers who shows a certificate, knows its authority, and takes its name', async () => {
    expect(await ask({ ca: authority.cert, ...client, serverName: 'registry.test' })).toBe(1);
  });

  it('is not asked by who cannot be sure of it', async () => {
    expect(await ask({ ca: authority.cert, serverName: 'registry.test' })).toMatch(/certificate required|ECONNRESET/i);
    expect(await ask({ ...client, serverName: 'registry.test' })).toContain('certificate');
    expect(await ask({ ca: authority.cert, ...client })).toMatch(/does not match certificate|altnames/i);
  });
});

it('instances of Eureka are called at their secure ports, by the names that their certificates are for', async () => {
  await using eureka = await startEurekaServer();
  const certificate = await authority.issue('orders-1.test');
  await using fleet = await startFleet({ size: 1, tls: certificate });
  await eureka.register('orders', {
    hostName: 'orders-1.test',
    ipAddr: '127.0.0.1',
    port: { $: 80, '@enabled': false },
    securePort: { $: fleet.servers[0]!.port, '@enabled': true },
  });
  const resolver = eurekaResolver({ url: eureka.url, app: 'orders', preferIp: true });
  await using caller = createClient({ services: { orders: { resolver, tls: { ca: authority.cert } } } });
  for (const scheme of ['http', 'https']) {
    const response = await caller.fetch(`${scheme}://orders/`);
    expect(await response.json()).toMatchObject({ host: 'orders-1.test', servername: 'orders-1.test' });
  }
});

/** A real Consul agent with access control, under traffic: tokens that are missing, wrong, taken away and changed. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import type { ResolutionSnapshot } from '../../src/client/client-snapshot.js';
import type { Client } from '../../src/client/client.js';
import { consulResolver, type ConsulResolverOptions, type RegistryTls } from '../../src/consul.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/certificates.js';
import { MANAGEMENT_TOKEN, startConsul, type Consul } from '../support/consul.js';
import { underTraffic } from '../support/consul-traffic.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const WRONG = '99999999-2222-4333-8444-555555555555';

describeWithServer('consul', 'a Consul with access control', () => {
  let consul: Consul;
  let fleet: Fleet;
  let one: number, two: number;
  let client: Client | undefined;

  beforeAll(async () => {
    [consul, fleet] = await Promise.all([startConsul({ acl: true }), startFleet({ size: 2 })]);
    [one, two] = fleet.servers.map(({ port }) => port) as [number, number];
    const Rules = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
    await consul.call('PUT', '/v1/acl/policy', { Name: 'discovery', Rules });
  }, 60_000);
  beforeEach(async () => {
    // Unknown before the first test that registers it.
    await consul.deregister('orders-two').catch(() => {});
    await consul.register({ name: 'orders', id: 'orders-one', port: one });
  });
  afterEach(() => client?.close({ timeoutMs: 0 }));
  afterAll(() => Promise.all([consul.close(), fleet.close()]));

  const options = (token?: ConsulResolverOptions['token']): ConsulResolverOptions => ({
    service: 'orders',
    url: consul.url,
    waitMs: 2_000,
    ...(token === undefined ? {} : { token }),
  });
  async function newToken(): Promise<string> {
    const body = { Policies: [{ Name: 'discovery' }] };
    return ((await consul.call('PUT', '/v1/acl/token', body)) as { SecretID: string }).SecretID;
  }
  async function revoke(token: string): Promise<void> {
    const tokens = (await consul.call('GET', '/v1/acl/tokens')) as { AccessorID: string }[];
    for (const { AccessorID } of tokens) {
      const { SecretID } = (await consul.call('GET', `/v1/acl/token/${AccessorID}`)) as { SecretID: string };
      const method = { method: 'DELETE', headers: { 'x-consul-token': MANAGEMENT_TOKEN } };
      if (SecretID === token) await (await fetch(`${consul.url}/v1/acl/token/${AccessorID}`, method)).text();
    }
  }
  async function resolutionWith(token?: string): Promise<ResolutionSnapshot> {
    const mine = createClient({ services: { orders: { resolver: consulResolver(options(token)) } } });
    client = mine;
    mine.refresh('orders');
    const resolution = (): ResolutionSnapshot => mine.snapshot().services['orders']!.resolution;
    void mine.ready(['orders'], { timeoutMs: 2_000 }).catch(() => {});
    await until(() => resolution().status !== 'unknown', { what: 'an answer' });
    return resolution();
  }

  it('shows nobody to those without a token', async () => {
    expect(await resolutionWith()).toMatchObject({ status: 'none', error: undefined });
  });

  it('refuses a wrong token, and the error does not repeat it', async () => {
    const { status, error } = await resolutionWith(WRONG);
    expect(status).toBe('failed');
    expect(error).toMatch(/status 403: ACL not found$/);
    expect(error).not.toContain(WRONG.slice(0, 8));
  });

  it('shows everybody to a good token, and tells of changes', async () => {
    await underTraffic(options(await newToken()), async ({ uses, goesOn }) => {
      await uses(one);
      await consul.register({ name: 'orders', id: 'orders-two', port: two });
      await uses(one, two);
      await goesOn();
    });
  });

  it('may change its tokens: the function is asked anew, and callers notice nothing', async () => {
    let token = await newToken();
    await underTraffic(
      options(async () => token),
      async ({ uses, snapshot, goesOn }) => {
        await uses(one);
        await revoke(token);
        await until(() => snapshot().resolution.error?.includes('403'), { what: 'the refusal', timeoutMs: 8_000 });
        expect(snapshot().resolution).toMatchObject({ status: 'found', held: undefined });
        await goesOn();
        token = await newToken();
        await consul.register({ name: 'orders', id: 'orders-two', port: two });
        await uses(one, two);
        expect(snapshot().resolution.error).toBeUndefined();
      },
    );
  });

  it('does not empty the service when a token loses its rights and sees nobody', async () => {
    let token: string | undefined = await newToken();
    // Consul's own name for nobody in particular, who may see nothing.
    const current = (): string => token ?? 'anonymous';
    await underTraffic(options(current), async ({ uses, snapshot, goesOn }) => {
      await uses(one);
      token = undefined;
      await until(() => snapshot().resolution.held === 'empty', { what: 'the doubt', timeoutMs: 8_000 });
      await goesOn(50);
      await uses(one);
      token = await newToken();
      await until(() => snapshot().resolution.held === undefined, { what: 'the end of the doubt', timeoutMs: 8_000 });
    });
  });
});

describeWithServer('consul', 'a Consul that asks its clients for a certificate', () => {
  let authority: CertificateAuthority;
  let consul: Consul;
  let fleet: Fleet;
  let ports: number[];

  beforeAll(async () => {
    authority = await createCertificateAuthority();
    const tls = { ca: authority.cert, ...(await authority.issue('consul.test', '127.0.0.1')) };
    [consul, fleet] = await Promise.all([startConsul({ tls }), startFleet({ size: 2 })]);
    ports = fleet.servers.map(({ port }) => port);
    await consul.register({ name: 'orders', id: 'orders-old', port: ports[0]! });
  }, 60_000);
  afterAll(() => Promise.all([consul.close(), fleet.close()]));

  it('is followed by a client that has one', async () => {
    const tls = { ca: authority.cert, ...(await authority.issue('client')) };
    await underTraffic({ service: 'orders', url: consul.secureUrl!, tls }, async ({ uses, goesOn }) => {
      await uses(ports[0]!);
      await consul.register({ name: 'orders', id: 'orders-new', port: ports[1]! });
      await uses(...ports);
      await goesOn();
    });
  });

  it.each<[string, (ca: string) => RegistryTls, RegExp]>([
    ['has none', (ca) => ({ ca }), /certificate required|bad certificate|ECONNRESET|socket hang up/i],
    ['does not trust its authority', () => ({}), /certificate|self.signed|unable to verify/i],
    ['expects another name', (ca) => ({ ca, serverName: 'registry.test' }), /registry\.test/],
  ])('cannot be asked by a client that %s, and the error says so', async (_, tls, message) => {
    const resolver = consulResolver({ service: 'orders', url: consul.secureUrl!, tls: tls(authority.cert) });
    await using client = createClient({ services: { orders: { resolver, selectionTimeoutMs: 1_000 } } });
    await expect(client.ready(['orders'], { timeoutMs: 700 })).rejects.toThrow(message);
  });
});

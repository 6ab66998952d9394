/** TLS to endpoints that are addresses, with certificates for names: the logical one, or the endpoint's own. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import {
  createClient,
  registryResolver,
  staticResolver,
  type Client,
  type EndpointInput,
  type ServiceOptions,
} from '../../src/index.js';
import { startFleet, type Fleet, type FleetServer } from '../../src/testing/fleet.js';
import { startRegistryServer } from '../../src/testing/registry-server.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { rejectionOf } from '../support/rejection.js';
import { until } from '../support/until.js';

const NAME = 'orders.internal';

let ca: CertificateAuthority;
let fleet: Fleet;
/** By what they can show. */
let rightful: FleetServer;
let impostor: FleetServer;
let named: FleetServer;
let mutual: FleetServer;
let plain: FleetServer;
let visitor: Certificate;

beforeAll(async () => {
  ca = await createCertificateAuthority();
  const [own, other, node] = await Promise.all([
    ca.issue(NAME),
    ca.issue('payments.internal'),
    ca.issue('node1.internal'),
  ]);
  visitor = await ca.issue('billing');
  const tls = [{ tls: own }, { tls: other }, { tls: node }, { tls: { ...own, ca: ca.cert, requestCert: true } }, {}];
  fleet = await startFleet({ size: 5, each: (index) => tls[index] ?? {} });
  [rightful, impostor, named, mutual, plain] = fleet.servers as [
    FleetServer,
    FleetServer,
    FleetServer,
    FleetServer,
    FleetServer,
  ];
}, 30_000);
afterAll(() => fleet?.close());

let client: Client | undefined;
afterEach(async () => {
  await client?.close({ timeoutMs: 0 });
  client = undefined;
  await Promise.all(fleet.servers.map((server) => server.clearStats()));
});

function start(endpoints: readonly EndpointInput[], options: Partial<ServiceOptions> = {}): Client {
  const resolver = staticResolver(endpoints);
  client = createClient({ services: { [NAME]: { resolver, tls: { ca: ca.cert }, ...options } } });
  return client;
}

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json();

describe('https to a service', () => {
  it.each([
    ['without a scheme', ''],
    ['with one', 'https://'],
  ])('is verified by the name that was called, at endpoints that are addresses %s', async (_, scheme) => {
    const { fetch, request } = start([scheme + rightful.address]);
    const seen = { server: rightful.id, host: NAME, servername: NAME };
    expect(await json(fetch(`https://${NAME}/`))).toMatchObject(seen);
    expect(
      await json(fetch(new Request(`https://${NAME.toUpperCase()}/`, { method: 'POST', body: 'x' }))),
    ).toMatchObject({
      ...seen,
      bodyBytes: 1,
    });
    expect(await (await request(`https://${NAME}/`)).body.json()).toMatchObject(seen);
  });

  it('works through client.dispatcher', async () => {
    const { dispatcher } = start([rightful.address]);
    const init = { dispatcher } as unknown as RequestInit;
    expect(await json(fetch(`https://${NAME}/`, init))).toMatchObject({ host: NAME, servername: NAME });
  });

  it('keeps a port out of the TLS name, and in the Host header', async () => {
    const { fetch } = start([rightful.address]);
    expect(await json(fetch(`https://${NAME}:8443/`))).toMatchObject({ host: `${NAME}:8443`, servername: NAME });
  });

  it('fails for a certificate of another name, and says where and for whom', async () => {
    const { fetch } = start([impostor.address]);
    const error = await rejectionOf(fetch(`https://${NAME}/`));
    expect(error).toMatchObject({
      name: 'TypeError',
      code: 'ERR_ALL_ATTEMPTS_FAILED',
      service: NAME,
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    for (const word of [impostor.address, NAME, 'payments.internal', 'ERR_TLS_CERT_ALTNAME_INVALID'])
      expect(error.message).toContain(word);
    expect((await impostor.stats()).requests).toBe(0);
  });

  it('fails for a certificate of an authority that is not trusted', async () => {
    const other = await createCertificateAuthority('somebody else');
    for (const options of [{ tls: { ca: other.cert } }, { tls: {} }]) {
      const { fetch } = start([rightful.address], options);
      const error = await rejectionOf(fetch(`https://${NAME}/`));
      expect(error.cause?.code).toMatch(/^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/);
      await client?.close();
    }
  });

  it('goes to another endpoint when one shows the wrong certificate, POST included', async () => {
    const { fetch } = start([impostor.address, rightful.address], { balancer: 'round-robin' });
    for (let i = 0; i < 4; i++)
      expect(await json(fetch(`https://${NAME}/`, { method: 'POST', body: 'order 1' }))).toMatchObject({
        server: rightful.id,
        bodyBytes: 7,
      });
    expect((await impostor.stats()).requests).toBe(0);
  });

  it("is verified by an endpoint's own hostname where it has one", async () => {
    const endpoint = { host: named.host, port: named.port, hostname: 'node1.internal' };
    const seen = { server: named.id, host: 'node1.internal', servername: 'node1.internal' };
    const { fetch, request } = start([endpoint]);
    const response = await fetch(`https://${NAME}/`);
    expect(response.url).toBe(`https://${NAME}/`);
    expect(await response.json()).toMatchObject(seen);
    expect(await (await request(`https://${NAME}/`)).body.json()).toMatchObject(seen);
    await client?.close();

    const liar = { host: rightful.host, port: rightful.port, hostname: 'node1.internal' };
    expect(await rejectionOf(start([liar]).fetch(`https://${NAME}/`))).toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  it('shows the client certificate where one is configured, and fails where one is missing', async () => {
    const tls = { ca: ca.cert, ...visitor };
    const { fetch } = start([mutual.address], { tls });
    expect(await json(fetch(`https://${NAME}/`))).toMatchObject({ server: mutual.id, clientCertificate: 'billing' });
    await client?.close();

    const error = await rejectionOf(start([mutual.address]).fetch(`https://${NAME}/`));
    expect(error).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED', service: NAME });
    expect((await mutual.stats()).requests).toBe(1);
  });

  it('is never turned into http by discovery', async () => {
    await using registry = await startRegistryServer({ services: { [NAME]: [plain.url] } });
    client = createClient({
      services: { [NAME]: { resolver: registryResolver({ url: registry.urlOf(NAME) }), tls: { ca: ca.cert } } },
    });
    const error = await rejectionOf(client.fetch(`https://${NAME}/`));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ADDRESS_REFUSED', service: NAME });
    expect(error.message).toContain(`${plain.address} offers http where https was asked for`);
    expect((await plain.stats()).connections).toBe(0);

    await client.close();
    const { fetch } = start([plain.url, rightful.url], { balancer: 'round-robin' });
    for (let i = 0; i < 3; i++) expect(await json(fetch(`https://${NAME}/`))).toMatchObject({ server: rightful.id });
    expect((await plain.stats()).connections).toBe(0);
  });

  it('fails for a wrong name each time, over the one connection that there may be', async () => {
    const { fetch } = start([impostor.address], { transport: { maxConnections: 1 }, retry: false, ejection: false });
    for (let call = 0; call < 3; call++)
      expect((await rejectionOf(fetch(`https://${NAME}/`))).message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    await client?.close();
  });

  it('is checked for health by the same rules: by name, with the client certificate', async () => {
    const tls = { ca: ca.cert, ...visitor };
    const { ready, snapshot, explain } = start([rightful.address, impostor.address, mutual.address], {
      tls,
      healthCheck: { path: '/', intervalMs: 50, timeoutMs: 10_000 },
    });
    await ready();
    const states = (): (string | undefined)[] => snapshot().services[NAME]!.endpoints.map(({ state }) => state);
    await until(() => states()[1] === 'unhealthy', { what: 'failed checks', timeoutMs: 15_000 });
    expect(states()).toEqual(['healthy', 'unhealthy', 'healthy']);
    expect(explain(NAME).endpoints[1]?.words).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    const served = async (server: FleetServer): Promise<number> => (await server.stats()).requests;
    // More than one each: they passed again and again.
    await until(async () => (await served(rightful)) > 1 && (await served(mutual)) > 1, { what: 'checks that passed' });
    expect(await served(impostor)).toBe(0);
  }, 30_000);

  it('may be what discovery makes of http', async () => {
    const { fetch } = start([rightful.url]);
    const response = await fetch(`http://${NAME}/`);
    expect(response.url).toBe(`http://${NAME}/`);
    expect(await response.json()).toMatchObject({ server: rightful.id, servername: NAME });
  });

  it('has no switch that turns verification off', () => {
    const tls = { rejectUnauthorized: false } as object;
    expect(() => start([rightful.address], { tls })).toThrow(/ERR_INVALID_OPTION.*rejectUnauthorized/);
  });
});

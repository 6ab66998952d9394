/**
 * Where an endpoint's redirect may lead: what a compromised endpoint could otherwise do with a client that reaches more
 * than it does, or holds credentials that it does not. Every host that must not be reached listens, and hears nothing.
 */

import dns from 'node:dns';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { createClient, getCall, staticResolver, type Client, type ServiceOptions } from '../../src/index.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/certificates.js';
import { recordDials } from '../support/dial-recorder.js';
import { listen, type Listener } from '../support/listener.js';
import { rejectionOf } from '../support/rejection.js';

const SECRETS = {
  authorization: 'Bearer s3cret',
  cookie: 'session=s3cret',
  'proxy-authorization': 'Basic s3cret',
  'X-Api-Key': 's3cret',
  'x-vault-token': 's3cret',
};

let orders: Listener;
let payments: Listener;
let stranger: Listener;
/** Reachable, and outside of what the policy of these tests allows. */
let internal: Listener;

/** Leads to the `to` of the query. */
const redirecting: Parameters<typeof listen>[0] = {
  answer(request, response) {
    const { searchParams } = new URL(request.url ?? '', 'http://orders');
    const [to, ...rest] = searchParams.getAll('to');
    if (to === undefined) return void response.end('{}');
    const location = new URL(to);
    for (const next of rest) location.searchParams.append('to', next);
    response.writeHead(307, { location: String(location) }).end();
  },
};

beforeAll(async () => {
  [orders, payments, stranger, internal] = await Promise.all([
    listen(redirecting),
    listen(redirecting),
    listen(redirecting),
    listen({ ...redirecting, host: '127.0.0.2' }),
  ]);
});
afterAll(() => Promise.all([orders, payments, stranger, internal].map((each) => each[Symbol.asyncDispose]())));

let client: Client | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await client?.close({ timeoutMs: 0 });
  client = undefined;
  for (const listener of [orders, payments, stranger, internal]) (listener.requests as unknown[]).length = 0;
});

const to = (...urls: string[]): string =>
  `http://orders/go?${urls.map((url) => `to=${encodeURIComponent(url)}`).join('&')}`;

describe.each([
  { name: 'the platform', wire: {} },
  { name: 'an injected fetch', wire: { fetch: globalThis.fetch } },
])('over $name, a redirect', ({ name, wire }) => {
  function start(options: Partial<ServiceOptions> = {}): Client {
    return (client = createClient({
      ...wire,
      services: {
        orders: { resolver: staticResolver([orders.address]), ...options },
        payments: { resolver: staticResolver([payments.address]) },
      },
    }));
  }

  it.each([
    ['the metadata address', 'http://169.254.169.254/latest/meta-data', 'a cloud metadata address'],
    ['its mapped form', 'http://[::ffff:169.254.169.254]/', 'a cloud metadata address'],
    ['its hexadecimal form', 'http://[::ffff:a9fe:a9fe]/', 'a cloud metadata address'],
    ['its translated form', 'http://[64:ff9b::a9fe:a9fe]/', 'a cloud metadata address'],
    ['its octal form', 'http://0251.0376.0251.0376/', 'a cloud metadata address'],
    ['its decimal form', 'http://2852039166/', 'a cloud metadata address'],
    ['the address of nobody', 'http://0.0.0.0/', 'an unspecified address'],
    ['the IPv6 address of nobody', 'http://[::]/', 'an unspecified address'],
    ['a neighbour on the link', 'http://[fe80::1]/', 'a link-local address'],
    ['a multicast address', 'http://224.0.0.1/', 'a multicast address'],
  ])('to %s is refused by default', async (_, url, why) => {
    using dials = recordDials();
    const error = await rejectionOf(start().fetch(to(url)));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ADDRESS_REFUSED', service: 'orders' });
    expect(error.message).toContain(why);
    // Or over a connection that an injected fetch has kept.
    expect(dials.dialled.filter((address) => address !== orders.address)).toEqual([]);
    // Nobody is blamed for what somebody else's answer says.
    expect(client?.snapshot().services['orders']?.endpoints.map(({ failureScore }) => failureScore)).toEqual([0]);
  });

  it("outside of the service's cidrs is refused, whoever redirects", async () => {
    using dials = recordDials();
    const outside = `http://${internal.address}/`;
    const { fetch } = start({ allow: { cidrs: ['127.0.0.1'] } });
    for (const way of [to(outside), to(`http://${stranger.address}/`, outside), to('http://payments/', outside)])
      expect(await rejectionOf(fetch(way))).toMatchObject({
        code: 'ERR_ADDRESS_REFUSED',
        message: expect.stringContaining('127.0.0.2 is not in allow.cidrs'),
      });
    expect(dials.dialled).not.toContain(internal.address);
    expect(internal.connections).toBe(0);
  });

  it("outside of the service's ports is refused", async () => {
    const { fetch } = start({ allow: { ports: [orders.port] } });
    const error = await rejectionOf(fetch(to(`http://${stranger.address}/`)));
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_REFUSED' });
    expect(error.message).toContain(`port ${stranger.port} is not in allow.ports`);
    expect(stranger.requests).toEqual([]);
  });

  it('to another service is bounded by the policy of that service, not of this one', async () => {
    const { fetch } = start({ allow: { ports: [orders.port] } });
    expect((await fetch(to('http://payments/'))).status).toBe(200);
  });

  it('within the policy is followed', async () => {
    const { fetch } = start({ allow: { cidrs: ['127.0.0.1'] } });
    const response = await fetch(to(`http://${stranger.address}/`));
    expect([response.status, response.url]).toEqual([200, `http://${stranger.address}/`]);
    await response.text();
  });

  it.each([
    ['no option', undefined, ['x-api-key', 'x-vault-token']],
    ['one listed header', ['x-api-key'], ['x-vault-token']],
    ['both listed, in whatever case', ['X-API-Key', 'X-Vault-Token'], []],
  ])('takes no credentials elsewhere: with %s', async (_, credentialHeaders, left) => {
    const { fetch } = start(credentialHeaders === undefined ? {} : { credentialHeaders });
    for (const [url, seen] of [
      ['http://payments/', payments],
      [`http://${stranger.address}/`, stranger],
      // Another port is another server.
      [`http://orders:${stranger.port}/`, orders],
    ] as const) {
      await (await fetch(to(url), { headers: { ...SECRETS, 'x-tenant': 'acme' } })).text();
      const headers = seen.requests.at(-1)?.headers ?? {};
      expect(headers['x-tenant']).toBe('acme');
      const leaked = Object.entries(headers).filter(([, value]) => String(value).includes('s3cret'));
      expect(leaked.map(([header]) => header).sort()).toEqual(left);
    }
    expect(orders.requests[0]?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-api-key': 's3cret' });
  });

  it("there and back brings no credentials back, since the way was not the caller's", async () => {
    const { fetch } = start({ credentialHeaders: ['x-api-key', 'x-vault-token'] });
    const way = to(`http://${stranger.address}/`, 'http://orders/back');
    for (let round = 0; round < 2; round++) {
      await (await fetch(way, { headers: SECRETS })).text();
      const [first, last] = orders.requests.slice(-2);
      expect(first?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-api-key': 's3cret' });
      expect(last?.url).toBe('/back');
      expect(JSON.stringify(last?.headers)).not.toContain('s3cret');
    }
  });

  it('within the service keeps them', async () => {
    const { fetch } = start({ credentialHeaders: ['x-api-key'] });
    await (await fetch(to('http://orders/again'), { headers: SECRETS })).text();
    expect(orders.requests.at(-1)).toMatchObject({
      url: '/again',
      headers: { authorization: 'Bearer s3cret', 'x-api-key': 's3cret' },
    });
  });

  if (name !== 'the platform') return;

  it('to a name is checked by the address that is dialled', async () => {
    using dials = recordDials();
    jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((_name: string, _options: object, done: (error: null, addresses: object[]) => void) =>
        done(null, [{ address: '127.0.0.2', family: 4 }])) as never);
    const { fetch } = start({ allow: { cidrs: ['127.0.0.1'] } });
    const error = await rejectionOf(fetch(to(`http://rebound.example:${internal.port}/`)));

    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ADDRESS_REFUSED' });
    expect(error.message).toContain('rebound.example (127.0.0.2): 127.0.0.2 is not in allow.cidrs');
    expect(dials.dialled).toEqual([orders.address]);
    expect(internal.connections).toBe(0);
  });
});

describe('from https, a redirect', () => {
  let ca: CertificateAuthority;
  let secure: Listener;
  let other: Listener;

  beforeAll(async () => {
    ca = await createCertificateAuthority();
    const certificate = await ca.issue('orders', 'payments');
    [secure, other] = await Promise.all([
      listen({ ...redirecting, tls: certificate }),
      listen({ ...redirecting, tls: certificate }),
    ]);
  }, 30_000);
  afterAll(() => Promise.all([secure, other].map((each) => each?.[Symbol.asyncDispose]())));

  function start(): Client {
    const tls = { ca: ca.cert };
    return (client = createClient({
      services: {
        orders: { resolver: staticResolver([secure.address]), tls },
        payments: { resolver: staticResolver([other.address]), tls },
        legacy: { resolver: staticResolver([payments.address]) },
      },
    }));
  }
  const secureTo = (...urls: string[]): string => to(...urls).replace('http:', 'https:');

  it.each([
    ['the same service', () => 'http://orders/'],
    ['another service', () => 'http://legacy/'],
    ['a host that is no service', () => `http://${stranger.address}/`],
  ])('to http at %s is refused', async (_, url) => {
    using dials = recordDials();
    const error = await rejectionOf(start().fetch(secureTo(url())));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ADDRESS_REFUSED', service: 'orders' });
    expect(error.message).toContain(`a redirect leads from https to ${new URL(url()).origin}`);
    expect(dials.dialled).toEqual([secure.address]);
  });

  it('to http is refused after another redirect as well', async () => {
    const error = await rejectionOf(start().fetch(secureTo('https://payments/', `http://${stranger.address}/`)));
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_REFUSED' });
    expect(stranger.requests).toEqual([]);
  });

  it('to https is followed', async () => {
    const response = await start().fetch(secureTo('https://payments/'));
    expect([response.status, response.url]).toEqual([200, 'https://payments/']);
    expect(getCall(response)?.attempts).toHaveLength(2);
    await response.text();
  });

  it('can be looked at by a caller who wants to decide', async () => {
    const response = await start().fetch(secureTo(`http://${stranger.address}/`), { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, `http://${stranger.address}/`]);
    await response.text();
  });
});

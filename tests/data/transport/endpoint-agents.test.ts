import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { MockAgent } from 'undici';
import type { Certificate, CertificateAuthority } from '../../support/certificates.js';
import { createCertificateAuthority } from '../../support/certificates.js';
import { SERVICE_DEFAULTS } from '../../../src/client/defaults.js';
import { until } from '../../support/until.js';
import type { Platform } from '../../../src/data/transport/platform.js';
import type { DispatcherLike } from '../../../src/data/transport/dispatcher-like.js';
import type { Closable, TestServer } from './harness.js';
import { agentsWith, dispatcherTo, endpointAt, fetchOver, platform, Recorder, serve } from './harness.js';

const closables: Closable[] = [];

function keep<T extends Closable>(closable: T): T {
  closables.push(closable);
  return closable;
}

afterEach(async () => {
  for (const closable of closables.splice(0).reverse()) await closable.close();
});

const { transport } = SERVICE_DEFAULTS;

/** Answers after `release`, and counts connections. */
async function slowServer(): Promise<TestServer & { release(): void; connections(): number; waiting(): number }> {
  const waiting: (() => void)[] = [];
  let connections = 0;
  const server = await serve((_request, response) => void waiting.push(() => response.end('done')));
  server.server.on('connection', () => connections++);
  return Object.assign(server, {
    release: () => waiting.splice(0).forEach((finish) => finish()),
    connections: () => connections,
    waiting: () => waiting.length,
  });
}

describe('createEndpointAgents', () => {
  it('opens no more connections to an endpoint than it may', async () => {
    const server = keep(await slowServer());
    const agents = keep(agentsWith({ transport: { ...transport, maxConnections: 2 } }));
    const dispatcher = dispatcherTo(agents, server.endpoint, new Recorder());
    const calls = [1, 2, 3, 4].map(() => fetchOver(dispatcher, 'http://orders/'));
    await until(() => server.waiting() === 2, { what: 'two requests' });
    expect(server.connections()).toBe(2);
    server.release();
    await until(() => server.waiting() === 2, { what: 'the other two' });
    server.release();
    const texts = await Promise.all(calls.map(async (call) => (await call).text()));
    expect(texts).toEqual(['done', 'done', 'done', 'done']);
    expect(server.connections()).toBe(2);
    expect(agents.size).toBe(1);
  });

  it('drains an endpoint: what runs finishes, then its connections close, and it can come back', async () => {
    const server = keep(await slowServer());
    const agents = keep(agentsWith());
    const dispatcher = dispatcherTo(agents, server.endpoint, new Recorder());
    const running = fetchOver(dispatcher, 'http://orders/');
    await until(() => server.waiting() === 1, { what: 'the request' });
    agents.drain(server.endpoint.id);
    expect(agents.size).toBe(0);
    const again = fetchOver(dispatcher, 'http://orders/');
    await until(() => server.waiting() === 2, { what: 'the request over new connections' });
    expect(server.connections()).toBe(2);
    server.release();
    expect(await (await running).text()).toBe('done');
    expect(await (await again).text()).toBe('done');
  });

  it('waits in close for what runs, and refuses what comes later', async () => {
    const server = keep(await slowServer());
    const agents = agentsWith();
    const dispatcher = dispatcherTo(agents, server.endpoint, new Recorder());
    const running = fetchOver(dispatcher, 'http://orders/');
    await until(() => server.waiting() === 1, { what: 'the request' });
    let closed = false;
    const closing = agents.close().then(() => (closed = true));
    const refused = new Recorder();
    const late = fetchOver(dispatcherTo(agents, server.endpoint, refused), 'http://orders/');
    await expect(late).rejects.toMatchObject({ message: 'fetch failed' });
    expect(refused.events).toEqual(['failed ERR_CLIENT_CLOSED']);
    expect(closed).toBe(false);
    server.release();
    expect(await (await running).text()).toBe('done');
    await closing;
  });

  it('fails what runs in destroy, at drained endpoints and others', async () => {
    const server = keep(await slowServer());
    const agents = agentsWith();
    const recorder = new Recorder();
    const running = fetchOver(dispatcherTo(agents, server.endpoint, recorder), 'http://orders/');
    await until(() => server.waiting() === 1, { what: 'the request' });
    agents.drain(server.endpoint.id);
    const other = fetchOver(dispatcherTo(agents, server.endpoint, recorder), 'http://orders/');
    await until(() => server.waiting() === 2, { what: 'the other request' });
    const failures = [running, other].map((call) => expect(call).rejects.toMatchObject({ cause: { message: 'over' } }));
    await agents.destroy(new Error('over'));
    await Promise.all(failures);
    expect(recorder.events).toEqual(['started', 'started', 'failed Error', 'failed Error']);
  });

  it('leaves no connection open after a thousand exchanges and close', async () => {
    const server = keep(await serve((_request, response) => response.end('ok')));
    const agents = agentsWith();
    const dispatcher = dispatcherTo(agents, server.endpoint, new Recorder());
    for (let round = 0; round < 20; round++) {
      const answers = Array.from({ length: 50 }, async () => (await fetchOver(dispatcher, 'http://orders/')).text());
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok']));
    }
    await agents.close();
    expect(agents.size).toBe(0);
    const open = await until(
      () =>
        new Promise<string>((resolve) => server.server.getConnections((_error, count) => resolve(`${count}`))).then(
          (count) => count === '0' && count,
        ),
      { what: 'the connections to close' },
    );
    expect(open).toBe('0');
  }, 30_000);

  it('gives up on a connection after connectTimeoutMs', async () => {
    // TLS towards a peer that accepts and says nothing never becomes a connection.
    const silent = createTcpServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const agents = keep(agentsWith({ transport: { ...transport, connectTimeoutMs: 100 } }));
    const recorder = new Recorder();
    const endpoint = endpointAt((silent.address() as AddressInfo).port, { scheme: 'https' });
    await expect(fetchOver(dispatcherTo(agents, endpoint, recorder), 'https://orders/')).rejects.toMatchObject({
      cause: { code: 'UND_ERR_CONNECT_TIMEOUT' },
    });
    expect(recorder.events).toEqual(['failed UND_ERR_CONNECT_TIMEOUT']);
    silent.close();
  });

  it('keeps the pools of two origins of one endpoint apart', async () => {
    const first = keep(await serve((_request, response) => response.end('first')));
    const second = keep(await serve((_request, response) => response.end('second')));
    const agents = keep(agentsWith());
    const answer = async ({ port }: TestServer): Promise<string> => {
      const dispatcher = dispatcherTo(agents, endpointAt(port, { id: 'same' }), new Recorder());
      return (await fetchOver(dispatcher, 'http://orders/')).text();
    };
    expect([await answer(first), await answer(second), await answer(first)]).toEqual(['first', 'second', 'first']);
    expect(agents.size).toBe(1);
  });
});

describe('the address gate', () => {
  const asked: string[] = [];
  const refuseAddress = (address: string, port: number | undefined): string | undefined => {
    asked.push(`${address}:${port}`);
    return address === '127.0.0.1' ? 'a loopback address' : undefined;
  };
  afterEach(() => void asked.splice(0));

  it.each(['127.0.0.1', '127.1', '2130706433', '0x7f000001'])(
    'refuses the literal %s before dialling',
    async (host) => {
      let connections = 0;
      const server = keep(await serve((_request, response) => response.end('ok')));
      server.server.on('connection', () => connections++);
      const agents = keep(agentsWith({ refuseAddress }));
      const recorder = new Recorder();
      const endpoint = endpointAt(server.port, { host });
      await expect(fetchOver(dispatcherTo(agents, endpoint, recorder), 'http://orders/')).rejects.toMatchObject({
        message: 'fetch failed',
      });
      expect(recorder.error).toMatchObject({
        code: 'ERR_ADDRESS_REFUSED',
        message: expect.stringContaining('a loopback address'),
      });
      expect(recorder.events).toEqual(['failed ERR_ADDRESS_REFUSED']);
      expect(connections).toBe(0);
    },
  );

  it('refuses a name by what it resolves to, at the moment it is dialled', async () => {
    let connections = 0;
    const server = keep(await serve((_request, response) => response.end('ok')));
    server.server.on('connection', () => connections++);
    const refuseLoopback = (address: string, port: number | undefined): string | undefined =>
      refuseAddress(address, port) ?? (address === '::1' ? 'a loopback address' : undefined);
    const agents = keep(agentsWith({ refuseAddress: refuseLoopback }));
    const recorder = new Recorder();
    const endpoint = endpointAt(server.port, { host: 'localhost' });
    await expect(fetchOver(dispatcherTo(agents, endpoint, recorder), 'http://orders/')).rejects.toMatchObject({
      message: 'fetch failed',
    });
    expect(recorder.error).toMatchObject({
      code: 'ERR_ADDRESS_REFUSED',
      message: expect.stringContaining('localhost ('),
    });
    expect(recorder.events).toEqual(['failed ERR_ADDRESS_REFUSED']);
    expect(asked).toContain(`localhost:${server.port}`);
    expect(asked).toContain(`127.0.0.1:${server.port}`);
    expect(connections).toBe(0);
  });

  it('dials a name whose address may be used', async () => {
    const server = keep(await serve((_request, response) => response.end('ok')));
    const agents = keep(agentsWith());
    const endpoint = endpointAt(server.port, { host: 'localhost' });
    const response = await fetchOver(dispatcherTo(agents, endpoint, new Recorder()), 'http://orders/');
    expect(await response.text()).toBe('ok');
  });
});

describe('TLS', () => {
  let authority: CertificateAuthority;
  let orders: Certificate;
  let client: Certificate;
  beforeAll(async () => {
    authority = await createCertificateAuthority();
    [orders, client] = await Promise.all([authority.issue('orders'), authority.issue('caller')]);
  }, 30_000);

  const listen = async (more: object = {}): Promise<number> => {
    const server = createTlsServer({ ...orders, ...more }, (request, response) =>
      response.end(`${(request.socket as unknown as { servername: string }).servername} ${request.headers.host}`),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    keep({
      close: async () => {
        server.close();
        server.closeAllConnections();
      },
    });
    return (server.address() as AddressInfo).port;
  };

  const call = async (port: number, url: string, tls: object, hostname?: string): Promise<string> => {
    const agents = keep(agentsWith({ tls }));
    const endpoint = endpointAt(port, { scheme: 'https', hostname });
    return (await fetchOver(dispatcherTo(agents, endpoint, new Recorder()), url)).text();
  };

  it('asks for and checks the logical name at an IP address', async () => {
    expect(await call(await listen(), 'https://orders/', { ca: authority.cert })).toBe('orders orders');
  });

  it('refuses a certificate for another name', async () => {
    const failure = call(await listen(), 'https://payments/', { ca: authority.cert });
    await expect(failure).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
  });

  it("uses the endpoint's own hostname when it has one", async () => {
    expect(await call(await listen(), 'https://payments/', { ca: authority.cert }, 'orders')).toBe('orders orders');
  });

  it('trusts nobody whom the settings do not name', async () => {
    await expect(call(await listen(), 'https://orders/', {})).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/) },
    });
  });

  it('shows the client certificate to a server that asks', async () => {
    const port = await listen({ requestCert: true, rejectUnauthorized: true, ca: authority.cert });
    expect(await call(port, 'https://orders/', { ca: [authority.cert], cert: client.cert, key: client.key })).toBe(
      'orders orders',
    );
    await expect(call(port, 'https://orders/', { ca: authority.cert })).rejects.toMatchObject({
      message: 'fetch failed',
    });
  });
});

describe("an application's own dispatcher", () => {
  const mock = new MockAgent();
  mock.disableNetConnect();
  afterAll(() => mock.close());

  it.each(['legacy', 'modern'] as const)(
    'gets every request, of either generation, as a %s dispatcher',
    async (shape) => {
      mock
        .get('http://127.0.0.1:9')
        .intercept({ path: '/a', method: 'GET' })
        .reply(200, 'mocked', { headers: { 'x-mock': 'yes' } });
      const warnings: string[] = [];
      const application = { dispatcher: mock as DispatcherLike, shape, description: 'MockAgent' };
      const delegating: Platform = {
        agentShape: platform.agentShape,
        createAgent: () => undefined,
        application: () => application,
      } as never;
      const agents = agentsWith({ platform: delegating, tls: {}, onWarning: (message) => warnings.push(message) });
      const recorder = new Recorder();
      const response = await fetchOver(dispatcherTo(agents, endpointAt(9), recorder), 'http://orders/a');
      expect(await response.text()).toBe('mocked');
      expect(recorder.events).toEqual(['started', 'responded 200', 'ended']);
      expect(recorder.header?.('x-mock')).toBe('yes');
      await expect(
        fetchOver(dispatcherTo(agents, endpointAt(9), new Recorder()), 'http://orders/b'),
      ).rejects.toMatchObject({ message: 'fetch failed' });
      expect(warnings).toEqual([expect.stringMatching(/MockAgent.*the options of transport and tls do not apply/)]);
      await agents.close();
    },
  );

  it('does not get what the address gate refuses', async () => {
    const application = { dispatcher: mock as unknown as DispatcherLike, shape: 'legacy', description: 'MockAgent' };
    const agents = agentsWith({
      platform: { agentShape: 'legacy', application: () => application } as never,
      refuseAddress: () => 'not that one',
    });
    const recorder = new Recorder();
    const answer = fetchOver(dispatcherTo(agents, endpointAt(9), recorder), 'http://orders/a');
    await expect(answer).rejects.toMatchObject({ message: 'fetch failed' });
    expect(recorder.events).toEqual(['failed ERR_ADDRESS_REFUSED']);
  });
});

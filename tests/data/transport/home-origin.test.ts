import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { SERVICE_DEFAULTS } from '../../../src/client/defaults.js';
import type { DispatchOptions } from '../../../src/data/transport/dispatcher-like.js';
import type { EndpointAgents } from '../../../src/data/transport/endpoint-agents.js';
import { HomeOrigin } from '../../../src/data/transport/home-origin.js';
import { createRequestExchange } from '../../../src/data/transport/request-exchange.js';
import type { RouteTarget } from '../../../src/data/transport/route-options.js';
import { agentsWith, endpointAt, serve, targetAt, type TestServer } from './harness.js';

const TARGET: RouteTarget = { origin: 'http://10.0.0.7:8080', basePath: '', host: 'orders' };

function get(more: Partial<DispatchOptions> = {}): DispatchOptions {
  return { origin: 'http://orders', path: '/a', method: 'GET', headers: { accept: '*/*' }, ...more };
}

describe('HomeOrigin', () => {
  it('lets requests for the first origin pass as they are', () => {
    const home = new HomeOrigin();
    for (const headers of [{ accept: '*/*' }, ['accept', '*/*'], undefined, null]) {
      const options = get({ headers });
      expect(home.route(options, TARGET)).toBe(options);
    }
  });

  it.each<[string, Partial<DispatchOptions>, Partial<RouteTarget>]>([
    ['another origin', { origin: 'http://orders.example' }, { host: 'orders.example' }],
    ['the same origin, written as a URL', { origin: new URL('http://orders') }, {}],
    ['an endpoint with a host name of its own', {}, { host: 'inner' }],
    ['headers of a kind that not every platform takes', { headers: new Map([['accept', '*/*']]) }, {}],
    ['headers in pairs', { headers: [['accept', '*/*']] }, {}],
  ])('routes %s over the same connections, with a Host header', (_, options, target) => {
    const home = new HomeOrigin();
    home.route(get(), TARGET);
    const { origin, path, headers } = home.route(get(options), { ...TARGET, ...target });
    const host = target.host ?? 'orders';
    expect({ origin, path }).toEqual({ origin: 'http://orders', path: '/a' });
    const flat = Array.isArray(headers) ? headers : Object.entries(headers as object).flat();
    expect(flat).toEqual(['host', host, 'accept', '*/*']);
  });

  it('puts a base path before the path', () => {
    const home = new HomeOrigin();
    expect(home.route(get(), { ...TARGET, basePath: '/base' }).path).toBe('/base/a');
  });

  it('is http, whatever a request that comes without TLS has asked for', () => {
    const home = new HomeOrigin();
    expect(home.route(get({ origin: 'https://orders:8443' }), { ...TARGET, host: 'orders:8443' }).origin).toBe(
      'http://orders:8443',
    );
  });
});

describe('the connections of one endpoint', () => {
  let server: TestServer;
  let agents: EndpointAgents;
  const ports = new Set<unknown>();
  beforeAll(async () => {
    server = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end(`${request.headers.host} ${request.url}`);
    });
    agents = agentsWith({ transport: { ...SERVICE_DEFAULTS.transport, maxConnections: 1 } });
  });
  afterAll(async () => {
    await agents.destroy();
    await server.close();
  });

  it('are shared by all names that it is called by, and each arrives', async () => {
    const endpoint = endpointAt(server.port);
    const ask = async (options: DispatchOptions, at = endpoint): Promise<string> => {
      const exchange = createRequestExchange();
      agents.dispatch(at, targetAt(options, at), options, exchange.handler);
      return (await exchange.response).body.text();
    };
    expect(await ask(get())).toBe('orders /a');
    expect(await ask(get({ origin: 'http://orders.example:81' }))).toBe('orders.example:81 /a');
    expect(await ask(get({ headers: { host: 'own' } }))).toBe('own /a');
    expect(await ask(get(), { ...endpoint, hostname: 'inner' })).toBe('inner /a');
    expect(await ask(get(), { ...endpoint, basePath: '/base' })).toBe('orders /base/a');
    expect(await ask(get())).toBe('orders /a');
    expect(ports.size).toBe(1);
  });
});

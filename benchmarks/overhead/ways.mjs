/**
 * The library and what it is compared with, in one process: the platform's fetch, and `request` of a bare agent of the
 * platform. `bare exchange` is what carries `client.request`, over such an agent and without any decision: the least that it could cost.
 */

export async function createWays(endpoint, library, internals) {
  const { createClient, staticResolver } = await import(library);
  const { bridgeHandler, createRequestExchange, findPlatform } = await import(internals);

  const client = createClient({ services: { orders: { resolver: staticResolver([endpoint]) } } });
  await client.ready();

  // Asking for the platform fills the slot that holds its agent.
  const { agentShape } = findPlatform();
  const slots = [1, 2].map((version) => globalThis[Symbol.for(`undici.globalDispatcher.${version}`)]);
  const PlatformAgent = slots.find((slot) => slot?.constructor.name === 'Agent').constructor;
  const agent = new PlatformAgent();
  const { host } = new URL(endpoint);
  const exchangeAt = (path) => {
    const exchange = createRequestExchange();
    const options = { origin: endpoint, path, method: 'GET', headers: { host }, body: null };
    agent.dispatch(options, bridgeHandler(exchange.handler, agentShape));
    return exchange.response;
  };

  return {
    fetch: async () => (await fetch(`${endpoint}/v1/items`)).text(),
    'client.fetch': async () => (await client.fetch('http://orders/v1/items')).text(),
    request: async () => (await agent.request({ origin: endpoint, path: '/v1/items', method: 'GET' })).body.text(),
    'bare exchange': async () => (await exchangeAt('/v1/items')).body.text(),
    'client.request': async () => (await client.request('http://orders/v1/items')).body.text(),
  };
}

/** The breaker over real connections: a service that fails as a whole, and comes back. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createClient, staticResolver, type BreakerOptions, type Client } from '../../src/index.js';
import { until } from '../support/until.js';

let servers: Server[] = [];
let status = 200;
let requests = 0;
let client: Client;

beforeEach(async () => {
  status = 200;
  requests = 0;
  servers = await Promise.all(
    [1, 2].map(
      () =>
        new Promise<Server>((resolve) => {
          const server = createServer((_, response) => {
            requests++;
            // Long enough for all callers of a burst to be there before the first answer is.
            setTimeout(() => response.writeHead(status).end('body'), 50);
          });
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
});
afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

function start(breaker: BreakerOptions): void {
  const addresses = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  client = createClient({
    services: { orders: { resolver: staticResolver(addresses), breaker, retry: { backoffMaxMs: 10 } } },
  });
}

const stateOf = (): string | undefined => client.snapshot().services['orders']?.breakers[0]?.state;

async function get(via: 'fetch' | 'request' | 'dispatcher'): Promise<number> {
  if (via === 'fetch') {
    const response = await client.fetch('http://orders/');
    await response.text();
    return response.status;
  }
  if (via === 'request') {
    const data = await client.request('http://orders/');
    await data.body.text();
    return data.statusCode;
  }
  const { fetch } = globalThis as unknown as { fetch(url: string, init: object): Promise<Response> };
  const response = await fetch('http://orders/', { dispatcher: client.dispatcher });
  await response.text();
  return response.status;
}

/** Under the dispatcher's own fetch it is the cause, and in Jest, where the platform's errors have another class, a text. */
const codeOf = (error: unknown): string | undefined =>
  /ERR_BREAKER_OPEN/.exec(String((error as { cause?: unknown }).cause ?? error))?.[0];

describe.each(['fetch', 'request', 'dispatcher'] as const)('calls by %s', (via) => {
  it('are refused while the service fails, probed by five of a thousand, and let through when it is back', async () => {
    start({ openMs: 300, windowMs: 60_000 });
    status = 500;
    for (let call = 0; call < 20; call++) expect(await get(via)).toBe(500);
    expect(stateOf()).toBe('open');
    const before = requests;
    expect(await get(via).catch(codeOf)).toBe('ERR_BREAKER_OPEN');
    expect(requests).toBe(before);
    status = 200;
    await until(() => stateOf() === 'half-open', { what: 'the breaker to be half-open' });
    const results = await Promise.all(Array.from({ length: 1_000 }, () => get(via).catch(codeOf)));
    expect(results.filter((result) => result === 200)).toHaveLength(5);
    expect(results.filter((result) => result === 'ERR_BREAKER_OPEN')).toHaveLength(995);
    expect(requests).toBe(before + 5);
    expect(stateOf()).toBe('closed');
    expect(await get(via)).toBe(200);
  });
});

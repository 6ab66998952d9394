/** Secrets in every place where a caller has some, a failure in every place, and all that is said about it read for them. */

import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { createClient, registryResolver } from '../../src/index.js';
import { listen, type Listener } from '../support/listener.js';
import { rejectionOf } from '../support/rejection.js';
import { until } from '../support/until.js';

const SECRET = 'hunter2-never-to-be-seen';

let registry: Listener;
beforeAll(async () => {
  // Repeats what it was sent, as a registry in trouble may.
  registry = await listen({
    answer: (request, response) =>
      void response
        .writeHead(500, { 'content-type': 'text/plain' })
        .end(`${request.url} ${request.headers.authorization}`),
  });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

it('appear in no error, event, snapshot, explanation, or inspected client', async () => {
  const heard: unknown[] = [];
  const endpoints = ['127.0.0.1:1', `http://user:${SECRET}@127.0.0.1:2`];
  await using client = createClient({
    services: {
      orders: { resolver: { kind: 'own', resolve: () => Promise.resolve({ endpoints }) } },
      stock: {
        resolver: registryResolver({
          url: `http://${registry.address}/stock?token=${SECRET}`,
          headers: { authorization: `Bearer ${SECRET}` },
        }),
        selectionTimeoutMs: 300,
      },
    },
  });
  for (const name of ['call', 'attempt', 'retry', 'endpoints', 'resolve', 'resolveError', 'warning'] as const)
    client.on(name, (event) => heard.push([name, event]));

  const headers = { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'x-api-key': SECRET };
  const errors = [
    await rejectionOf(client.fetch(`http://orders/v1?token=${SECRET}`, { headers })),
    await rejectionOf(client.fetch('http://orders/v1', { method: 'POST', body: SECRET, headers })),
    await rejectionOf(client.request(`http://orders/v1?token=${SECRET}`, { headers })),
    await rejectionOf(client.fetch(`http://stock/v1?token=${SECRET}`, { headers })),
  ];
  await until(() => registry.requests.length > 1, { what: 'the registry to be asked again' });

  expect(registry.requests[0]).toMatchObject({ headers: { authorization: `Bearer ${SECRET}` } });
  expect(
    errors
      .map(({ code }) => code)
      .sort()
      .at(0),
  ).toBe('ERR_ALL_ATTEMPTS_FAILED');
  const kinds = new Set(heard.map((entry) => (entry as [string])[0]));
  expect([...kinds]).toEqual(expect.arrayContaining(['call', 'attempt', 'resolveError', 'retry']));
  const said = [errors, heard, client, client.snapshot(), client.explain('orders'), client.explain('stock')];
  for (const one of said) {
    expect(inspect(one, { depth: 20, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(one)).not.toContain(SECRET);
  }
}, 20_000);

/** What calls know of the request that they serve, without being told one by one. */

import type { IncomingHttpHeaders } from 'node:http';

import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';

import { createClient, runWithInbound, staticResolver, type CallReport, type Client } from '../../src/index.js';
import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

const opened: (HttpListeners | Client)[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

interface Stage {
  readonly client: Client;
  readonly seen: IncomingHttpHeaders[];
  readonly reports: CallReport[];
}

async function stage(): Promise<Stage> {
  const seen: IncomingHttpHeaders[] = [];
  const servers = await startHttpListeners(({ headers }, response) => {
    seen.push(headers);
    response.writeHead(503).end();
  });
  const client = createClient({
    services: {
      next: {
        resolver: staticResolver(servers.addresses),
        retry: { maxAttempts: 2, backoffBaseMs: 0 },
        propagate: { deadlineHeader: 'x-left-ms' },
      },
    },
  });
  opened.push(servers, client);
  const reports: CallReport[] = [];
  client.on('call', (report) => reports.push(report));
  return { client, seen, reports };
}

const RETRY = { 'fairlead-no-retry': '1' };

const VIA: [string, (client: Client) => Promise<unknown>][] = [
  ['fetch', async (client) => (await client.fetch('http://next/')).text()],
  ['request', async (client) => (await client.request('http://next/')).body.text()],
];

describe.each(VIA)('within runWithInbound, through client.%s', (_via, send) => {
  it('a call is not retried where the request is a retry, however deep it is made', async () => {
    const { client, seen, reports } = await stage();
    const handler = async (): Promise<unknown> => {
      await new Promise((resolve) => setImmediate(resolve));
      return send(client);
    };
    await runWithInbound(RETRY, handler);
    expect(seen.map((headers) => headers['fairlead-no-retry'])).toEqual(['1']);
    expect(reports[0]?.notRetried).toBe('chain');
    await runWithInbound({}, handler);
    expect(reports[1]?.notRetried).toBe('max-attempts');
    await handler();
    expect(reports[2]?.notRetried).toBe('max-attempts');
  });

  it('a call gets no more time than the request has left, counted from its beginning', async () => {
    const { client, seen } = await stage();
    await runWithInbound({ 'x-left-ms': '5000' }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await send(client);
    });
    expect(Number(seen[0]?.['x-left-ms'])).toBeLessThanOrEqual(4_950);
    await expect(
      runWithInbound({ 'x-left-ms': '20' }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        return send(client);
      }),
    ).rejects.toMatchObject({ code: 'ERR_CALL_TIMEOUT' });
  });
});

describe('within runWithInbound', () => {
  it('a call that says what it serves goes by that', async () => {
    const { client, reports } = await stage();
    await runWithInbound(RETRY, () => client.fetch('http://next/', { fairlead: { inbound: {} } }));
    await runWithInbound({}, () => client.fetch('http://next/', { fairlead: { inbound: RETRY } }));
    expect(reports.map(({ notRetried }) => notRetried)).toEqual(['max-attempts', 'chain']);
  });

  it('client.dispatcher tells the next service, and has no more time than the request', async () => {
    const { client, seen } = await stage();
    const { dispatcher } = client;
    const send = async (): Promise<unknown> => {
      const { body } = await request('http://next/', { dispatcher: dispatcher as never });
      return body.text();
    };
    await runWithInbound({ ...RETRY, 'x-left-ms': '5000' }, send);
    expect(seen[0]).toMatchObject({ 'fairlead-no-retry': '1' });
    expect(Number(seen[0]?.['x-left-ms'])).toBeLessThanOrEqual(5_000);
    await send();
    expect(seen[1]?.['fairlead-no-retry']).toBeUndefined();
    await expect(runWithInbound({ 'x-left-ms': '0' }, send)).rejects.toMatchObject({ code: 'ERR_CALL_TIMEOUT' });
    expect(seen).toHaveLength(2);
  });

  it('the handler runs at once, and what it returns or throws comes back', () => {
    expect(runWithInbound({}, () => 5)).toBe(5);
    expect(() =>
      runWithInbound({}, () => {
        throw new Error('oops');
      }),
    ).toThrow('oops');
  });
});

/** Response bodies that stall between two chunks, on real servers. */

import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, describe, expect, it } from '@jest/globals';

import { createClient, staticResolver, type Client } from '../../src/index.js';
import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

const opened: (HttpListeners | Client)[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await (each as Client).close({ timeoutMs: 0 });
});

const spend = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function stage(
  answer: (response: ServerResponse) => void,
  bodyIdleTimeoutMs?: number,
): Promise<{ client: Client; address: string }> {
  const servers = await startHttpListeners((_, response) => answer(response));
  const address = servers.addresses[0] as string;
  const resolver = staticResolver([address]);
  const client = createClient({
    services: { orders: { resolver, ...(bodyIdleTimeoutMs === undefined ? {} : { bodyIdleTimeoutMs }) } },
  });
  opened.push(servers, client);
  return { client, address };
}

const stall = (response: ServerResponse): void => void response.write('one');
const drip = (response: ServerResponse): void => {
  let parts = 0;
  const timer = setInterval(() => (++parts < 12 ? response.write('x') : (clearInterval(timer), response.end())), 100);
};
const LARGE = 4_000_000;

describe.each<[string, (client: Client) => Promise<{ text(): Promise<string> }>]>([
  ['fetch', (client) => client.fetch('http://orders/')],
  ['request', async (client) => (await client.request('http://orders/')).body],
])('bodyIdleTimeoutMs, through client.%s', (via, send) => {
  it('ends a body that stalls, and gives the endpoint its place back', async () => {
    const { client, address } = await stage(stall, 200);
    const body = await send(client);
    await expect(body.text()).rejects.toMatchObject(
      via === 'fetch'
        ? { name: 'TypeError', message: 'terminated' }
        : {
            code: 'ERR_ATTEMPT_TIMEOUT',
            name: 'TimeoutError',
            message: expect.stringContaining(`${address} sent nothing of its response's body for 200 ms`),
          },
    );
    expect(client.snapshot().services['orders']?.inFlight).toBe(0);
  });

  it('lets a body go on that comes slowly but steadily', async () => {
    const { client } = await stage(drip, 1_000);
    expect(await (await send(client)).text()).toBe('x'.repeat(11));
  });

  it('waits for a caller who does not read', async () => {
    const { client } = await stage((response) => response.end('x'.repeat(LARGE)), 150);
    const body = await send(client);
    await spend(600);
    expect((await body.text()).length).toBe(LARGE);
  });

  it('is off by default', async () => {
    const { client } = await stage((response) => {
      response.write('one');
      setTimeout(() => response.end('two'), 700);
    });
    expect(await (await send(client)).text()).toBe('onetwo');
  });
});

it('bodyIdleTimeoutMs says why, through fetch, as the cause', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, 'programs/body-idle.mjs')]);
  expect(JSON.parse(stdout)).toEqual({
    name: 'TypeError',
    cause: { name: 'TimeoutError', code: 'ERR_ATTEMPT_TIMEOUT' },
  });
});

/** `cache.file` as users see it: from the option to the event, the snapshot and the call. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import type { ServiceOptions } from '../../src/client/options.js';
import type { FairleadEvents } from '../../src/core/events.js';
import type { Resolver } from '../../src/core/resolver.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { until } from '../support/until.js';
import { createStubWire } from './stub-wire.js';

let folder: string;
const clients: Client[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'fairlead-cache-'))));
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  rmSync(folder, { recursive: true });
});

type FileEvent = FairleadEvents['cacheFile'][0];

function start(resolver: Resolver, options: Partial<ServiceOptions> = {}): { client: Client; events: FileEvent[] } {
  const client = createClient({
    services: { orders: { resolver, ...options, cache: { file: join(folder, '{service}.list'), ...options.cache } } },
    fetch: createStubWire().fetch,
  });
  clients.push(client);
  const events: FileEvent[] = [];
  client.on('cacheFile', (event) => events.push(event));
  return { client, events };
}

async function save(endpoints: readonly string[]): Promise<void> {
  const { client } = start(createManualResolver(endpoints));
  await client.ready();
  await client.close();
}

const resolutionOf = (client: Client) => client.snapshot().services['orders']?.resolution;

describe('cache.file', () => {
  it('keeps what is known when the client closes, and the next one begins with it', async () => {
    await save(['a:1', 'b:1']);
    expect(readdirSync(folder)).toEqual(['orders.list']);

    const { client, events } = start(createManualResolver());
    // Nobody has answered: the call is served all the same.
    expect((await client.fetch('http://orders/')).status).toBe(200);
    expect(events).toEqual([
      {
        service: 'orders',
        file: join(folder, 'orders.list'),
        action: 'restored',
        endpoints: 2,
        ageMs: expect.any(Number),
      },
    ]);
    expect(resolutionOf(client)).toMatchObject({
      status: 'found',
      stale: true,
      restored: true,
      ageMs: expect.any(Number),
    });
    expect(client.explain('orders').resolution).toBe(
      '2 endpoints, from a list on disk: discovery has not answered since the start',
    );
  });

  it('gives way to the first answer of discovery', async () => {
    await save(['a:1', 'b:1']);
    const resolver = createManualResolver();
    const { client } = start(resolver);
    await client.ready();
    resolver.set(['b:1', 'c:1']);
    expect(resolutionOf(client)).toMatchObject({ status: 'found', stale: false, restored: false });
    expect(client.snapshot().services['orders']?.endpoints.map(({ id }) => id)).toEqual(['http://b:1', 'http://c:1']);
  });

  it('makes an empty first answer as suspicious as any sudden emptiness', async () => {
    await save(['a:1', 'b:1']);
    const { client } = start(createManualResolver([]));
    await client.ready();
    expect(resolutionOf(client)).toMatchObject({ status: 'found', held: 'empty', restored: true });
  });

  it('serves while asking fails, and says why it fails', async () => {
    await save(['a:1']);
    const resolver = createManualResolver();
    resolver.fail(new Error('no registry'));
    const { client } = start(resolver);
    await client.ready();
    expect(resolutionOf(client)).toMatchObject({ status: 'found', stale: true, restored: true, error: 'no registry' });
  });

  it('passes the address policy like any answer', async () => {
    await save(['10.0.0.1:80', '169.254.169.254:80', '127.0.0.1:80']);
    const { client } = start(createManualResolver(), { allow: { loopback: false } });
    await client.ready();
    const states = client.snapshot().services['orders']?.endpoints.map(({ host, state }) => [host, state]);
    expect(states).toEqual([
      ['10.0.0.1', 'healthy'],
      ['169.254.169.254', 'refused'],
      ['127.0.0.1', 'refused'],
    ]);
  });

  it('is not believed for another resolver of the same kind, or past fileMaxAgeMs', async () => {
    await save(['a:1']);
    const text = readFileSync(join(folder, 'orders.list'), 'utf8');
    const other = start({ ...createManualResolver(), source: 'http://elsewhere' });
    await until(() => other.events.length > 0, { what: 'the verdict on another resolver' });
    expect(other.events[0]).toMatchObject({
      action: 'ignored',
      reason: 'foreign',
      detail: 'it is of another resolver',
    });
    const sinceMs = Date.now();
    await until(() => Date.now() > sinceMs + 1, { what: 'some age' });
    writeFileSync(join(folder, 'orders.list'), text);
    const old = start(createManualResolver(), { cache: { fileMaxAgeMs: 1 } });
    await until(() => old.events.length > 0, { what: 'the verdict on its age' });
    expect(old.events[0]).toMatchObject({ action: 'ignored', reason: 'too-old' });
    expect(resolutionOf(old.client)?.status).toBe('unknown');
  });

  it('that is damaged is ignored with an event, and replaced by the next answer', async () => {
    writeFileSync(join(folder, 'orders.list'), '{"format":"fairlead-endpoints","version":1}\n');
    const { client, events } = start(createManualResolver(['a:1']));
    await client.ready();
    await client.close();
    expect(events.map(({ action }) => action)).toEqual(['ignored', 'written']);
    expect(events[0]).toMatchObject({ reason: 'corrupted' });
    await start(createManualResolver()).client.ready();
  });

  it('belongs to one service: two of them with the same file are refused', () => {
    const resolver = createManualResolver();
    const file = join(folder, 'both.list');
    const services = { orders: { resolver, cache: { file } }, stock: { resolver, cache: { file } } };
    expect(() => createClient({ services })).toThrow(
      /ERR_INVALID_OPTION: services\.stock\.cache\.file: is the file of services\.orders as well/,
    );
    expect(() =>
      createClient({
        services: { orders: { resolver }, stock: { resolver } },
        defaults: { cache: { file: join(folder, '{service}') } },
      }),
    ).not.toThrow();
  });

  it('refuses a name that is none, and an age beyond staleMs', () => {
    const resolver = createManualResolver();
    const make = (cache: NonNullable<ServiceOptions['cache']>) => () =>
      createClient({ services: { orders: { resolver, cache } } });
    expect(make({ file: '' })).toThrow('services.orders.cache.file: must be a non-empty string');
    expect(make({ file: 'x', staleMs: 1_000, fileMaxAgeMs: 1_001 })).toThrow(
      'services.orders.cache.fileMaxAgeMs: must be at most staleMs (1000), got 1001',
    );
  });

  it('writes nothing for a client that is closed at once', async () => {
    const { client } = start(createManualResolver(['a:1']));
    await client.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

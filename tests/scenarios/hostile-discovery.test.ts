/**
 * Registries, name servers and files that lie: whoever can write to one of them must not steer a client to where it has
 * no business. Where an address leads to this machine somebody listens, and hears nothing; every other one would show among
 * the addresses that the sockets of this process dial.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { consulResolver } from '../../src/consul.js';
import {
  createClient,
  dnsResolver,
  fileResolver,
  registryResolver,
  type Client,
  type Resolver,
  type ServiceOptions,
} from '../../src/index.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { recordDials } from '../support/dial-recorder.js';
import { startKnot } from '../support/knot.js';
import { listen, type Listener } from '../support/listener.js';
import { rejectionOf } from '../support/rejection.js';

jest.setTimeout(60_000);

/** Who serves the name. */
let good: Listener;
/** Listens on this machine, and is none of the service's endpoints. */
let trap: Listener;
/** Answers whatever {@link body} is, as a registry and as Consul. */
let source: Listener;
let body = '';
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-hostile-'));
  [good, trap, source] = await Promise.all([
    listen(),
    // On all addresses, so that 0.0.0.0 and :: lead here, too.
    listen({ host: '0.0.0.0' }),
    listen({
      answer: (_, response) =>
        void response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' }).end(body),
    }),
  ]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([good, trap, source].map((each) => each[Symbol.asyncDispose]()));
});

/** Texts that a registry gives for `host:port`, none of which may lead anywhere. */
const hostileTargets = (): readonly string[] => [
  `169.254.169.254:${trap.port}`,
  `[::ffff:169.254.169.254]:${trap.port}`,
  `[::ffff:a9fe:a9fe]:${trap.port}`,
  `[64:ff9b::a9fe:a9fe]:${trap.port}`,
  `100.100.100.200:${trap.port}`,
  `0.0.0.0:${trap.port}`,
  `[::]:${trap.port}`,
  `[::ffff:0.0.0.0]:${trap.port}`,
  `224.0.0.1:${trap.port}`,
  `255.255.255.255:${trap.port}`,
  '127.0.0.1:25',
  '127.0.0.1:6667',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  // In old spellings, and in ones that a lenient parser reads as this machine.
  `127.1:${trap.port}`,
  `2130706433:${trap.port}`,
  `0x7f.0.0.1:${trap.port}`,
  `0177.0.0.1:${trap.port}`,
  `evil@127.0.0.1:${trap.port}`,
  `${good.address}@127.0.0.1:${trap.port}`,
  `http://evil@127.0.0.1:${trap.port}`,
  `127.0.0.1:${trap.port}/path`,
  `127.0.0.1:${trap.port}?query`,
  `127.0.0.1:${trap.port}#fragment`,
  `127.0.0.1:${trap.port}\r\nX: y`,
  `127.0.0.1\r\nX: y:${trap.port}`,
  `127.0.0.1\u0000.example:${trap.port}`,
  ` 127.0.0.1:${trap.port}`,
  `127.0.0.1\\@example:${trap.port}`,
  `http://127.0.0.1:${trap.port}/../..`,
  `file:///etc/passwd`,
  'unix:/var/run/docker.sock',
  '__proto__:80\u0000',
  '',
];

const WEIGHTS = [1e308, -1, '1', '1e308', 'NaN', null, {}];

/** Makes the hostile answer that a source of this kind can give, and a resolver that gets it. */
interface Attack {
  readonly name: string;
  /** @param targets what is said beside the one good endpoint */
  prepare(targets: readonly string[], withGood: boolean): Resolver;
}

/** As sources give it that tell host and port apart. */
function split(target: string): { readonly host: string; readonly port?: number } {
  const match = /^([^]*):(\d+)$/.exec(target);
  if (match === null) return { host: target };
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'an HTTP registry',
    prepare(targets, withGood) {
      const groups = [
        ...targets.map((target) => ({ targets: [target], labels: { zone: 'z' } })),
        ...(withGood ? [{ targets: [good.address], labels: { weight: '1e308', priority: '-1', zone: 7 } }] : []),
        { targets: [{ __proto__: null, host: '127.0.0.1', port: trap.port, scheme: 'ftp' }, null, 7, ['x:1']] },
      ];
      body = JSON.stringify(groups).replace('"zone":"z"', `"__proto__":{"host":"127.0.0.1","port":${trap.port}}`);
      return registryResolver({ url: `http://${source.address}/` });
    },
  },
  {
    name: 'a file',
    prepare(targets, withGood) {
      const endpoints = [
        ...targets,
        ...targets.map(split),
        ...WEIGHTS.map((weight) => ({ host: '127.0.0.1', port: trap.port, weight })),
        { hostname: '127.0.0.1', port: trap.port },
        { host: '127.0.0.1', port: trap.port, basePath: '/../../admin' },
        { host: '127.0.0.1', port: trap.port, basePath: '//evil.example' },
        { host: '127.0.0.1', port: trap.port, hostname: 'a\r\nX: y' },
        { host: '127.0.0.1', port: String(trap.port) },
        { host: ['127.0.0.1'], port: trap.port },
        ...(withGood ? [{ host: good.host, port: good.port, metadata: { __proto__: 'x', weight: 'NaN' } }] : []),
      ];
      const file = join(folder, `${Math.random()}.json`);
      const text = JSON.stringify(endpoints).replace('"hostname":', `"__proto__":{"host":"127.0.0.1"},"hostname":`);
      // Numbers that JSON can say and no double can hold.
      writeFileSync(file, text.replace('"weight":1e+308', '"weight":1e999'));
      return fileResolver(file);
    },
  },
  {
    name: 'Consul',
    prepare(targets, withGood) {
      // Port 0 stands for no port there, which is in order.
      const named = targets.map(split).filter(({ port }) => port !== 0);
      const entries = [...named, ...(withGood ? [{ host: good.host, port: good.port }] : [])].map(
        ({ host, port }, at) => ({
          Node: { Node: 'n1', Address: `evil@127.0.0.1:${trap.port}`, Datacenter: '__proto__' },
          Service: {
            ID: `orders-${at}`,
            Service: 'orders',
            Address: host,
            Port: port,
            Weights: { Passing: WEIGHTS[at % WEIGHTS.length] },
            Meta: { zone: '\r\n' },
          },
          Checks: [{ Status: 'passing' }],
        }),
      );
      body = JSON.stringify(entries).replace('"Meta":{', '"Meta":{"__proto__":{"x":"y"},');
      return consulResolver({ service: 'orders', url: `http://${source.address}` });
    },
  },
];

async function withClient(
  orders: ServiceOptions,
  play: (client: Client, dialled: readonly string[]) => Promise<void>,
): Promise<void> {
  const heardBefore = trap.connections;
  using dials = recordDials();
  await using client = createClient({ services: { orders } });
  await play(client, dials.dialled);
  await client.close({ timeoutMs: 0 });
  const allowed = new Set([good.address, source.address]);
  expect(dials.dialled.filter((address) => !allowed.has(address))).toEqual([]);
  expect(trap.connections).toBe(heardBefore);
}

async function callOften(client: Client, times = 40): Promise<void> {
  for (let call = 0; call < times; call++) {
    const response = await client.fetch('http://orders/', { headers: { authorization: 'Bearer s3cret' } });
    await response.text();
    expect(response.status).toBe(200);
  }
}

describe.each(ATTACKS)('$name that lies', ({ prepare }) => {
  it('about all but one endpoint has that one called, and nobody else', async () => {
    await withClient({ resolver: prepare(hostileTargets(), true) }, async (client) => {
      await callOften(client);
      const { endpoints } = client.snapshot().services['orders']!;
      const usable = endpoints.filter(({ state }) => state !== 'refused');
      expect(usable.map(({ host, port }) => `${host}:${port}`)).toEqual([good.address]);
      // What it was given is no weight.
      expect(usable[0]?.weight).toBe(1);
    });
  });

  it('about everybody gets no call at all', async () => {
    await withClient({ resolver: prepare(hostileTargets(), false), selectionTimeoutMs: 500 }, async (client) => {
      for (let call = 0; call < 5; call++) {
        expect((await rejectionOf(client.fetch('http://orders/'))).code).toBe('ERR_ADDRESS_REFUSED');
      }
    });
  });

  it('cannot lead beyond `allow`, whatever is there', async () => {
    const elsewhere = await listen({ host: '127.0.0.2' });
    const inside = [elsewhere.address, `127.0.0.1:${trap.port}`, `localhost:${trap.port}`];
    const allow = { cidrs: ['127.0.0.1/32'], ports: [good.port, elsewhere.port] };
    await withClient({ resolver: prepare(inside, true), allow }, (client) => callOften(client));
    expect(elsewhere.connections).toBe(0);
    await elsewhere[Symbol.asyncDispose]();
  });
});

it('the same answer leads into the trap once its range is opened by hand: it would have been heard', async () => {
  body = JSON.stringify([{ targets: [`0.0.0.0:${trap.port}`] }]);
  const resolver = registryResolver({ url: `http://${source.address}/` });
  await using client = createClient({ services: { orders: { resolver, allow: { cidrs: ['0.0.0.0/8'] } } } });
  using dials = recordDials();
  const before = trap.connections;
  await (await client.fetch('http://orders/')).text();
  expect(trap.connections).toBe(before + 1);
  expect(dials.dialled).toContain(`0.0.0.0:${trap.port}`);
});

it('a registry that offers http where https was asked for gets nothing', async () => {
  body = JSON.stringify([{ targets: [`http://127.0.0.1:${trap.port}`] }]);
  const resolver = registryResolver({ url: `http://${source.address}/` });
  await withClient({ resolver }, async (client) => {
    const { message } = await rejectionOf(
      client.fetch('https://orders/', { headers: { authorization: 'Bearer s3cret' } }),
    );
    expect(message).toContain('offers http where https was asked for');
  });
});

describeWithServer('knot', 'a name server that lies', () => {
  const zones = (): Record<string, string[]> => ({
    test: [
      'orders A 127.0.0.1',
      ...['169.254.169.254', '0.0.0.0', '100.100.100.200', '224.0.0.1', '255.255.255.255'].map(
        (ip) => `orders A ${ip}`,
      ),
      ...['::ffff:169.254.169.254', '::', '::ffff:0.0.0.0', '64:ff9b::a9fe:a9fe', 'fe80::1', 'ff02::1'].map(
        (ip) => `orders AAAA ${ip}`,
      ),
      'metadata A 169.254.169.254',
      'nobody A 0.0.0.0',
      'nobody AAAA ::',
      'here A 127.0.0.1',
      `_http._tcp.orders SRV 0 1 ${good.port} here`,
      '_http._tcp.orders SRV 0 65535 25 here',
      '_http._tcp.orders SRV 0 65535 0 here',
      ...['metadata', 'nobody'].map((target) => `_http._tcp.orders SRV 0 65535 ${trap.port} ${target}`),
      ...['evil\\@here', 'here\\013\\010x', '__proto__', '.'].map(
        (target) => `_http._tcp.orders SRV 0 65535 ${trap.port} ${target}`,
      ),
    ],
  });

  it.each(['orders.test', '_http._tcp.orders.test'])('about %s has only the good one called', async (name) => {
    await using knot = await startKnot({ zones: zones() });
    const port = name.startsWith('_') ? {} : { port: good.port };
    const resolver = dnsResolver(name, { servers: [knot.address], ...port });
    await withClient({ resolver }, async (client) => {
      await callOften(client);
      const { endpoints } = client.snapshot().services['orders']!;
      const usable = endpoints.filter(({ state }) => state !== 'refused');
      expect(usable.map(({ host, port: at }) => `${host}:${at}`)).toEqual([good.address]);
      expect(endpoints.length).toBeGreaterThan(3);
    });
  });
});

import { describe, expect, it } from '@jest/globals';

import { createEndpointUnion } from '../../../../src/control/resolvers/dns/address-union.js';
import type { FoundEndpoint } from '../../../../src/control/resolvers/dns/found-endpoint.js';
import { createFakeClock } from '../../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { a, hostsOf, NXDOMAIN, scriptedDns } from './scripted-servers.js';

const found = (host: string, ttlMs: number, weight = 1): FoundEndpoint => ({
  endpoint: { host, port: 80, weight },
  record: 'A x',
  server: '10.0.0.2',
  ttlMs,
});
const hosts = (endpoints: readonly FoundEndpoint[]): string[] => endpoints.map(({ endpoint }) => endpoint.host).sort();

describe('the union over time', () => {
  it('keeps an endpoint for so many times to live after it was last seen', () => {
    const clock = createFakeClock();
    const union = createEndpointUnion({ ttls: 3, minMs: 0, maxMs: 600_000 }, clock);
    expect(hosts(union.add([found('a', 10_000)]))).toEqual(['a']);
    clock.advance(29_999);
    expect(hosts(union.add([found('b', 10_000)]))).toEqual(['a', 'b']);
    clock.advance(1);
    expect(hosts(union.add([found('b', 10_000)]))).toEqual(['b']);
  });

  it('keeps it at least and at most as long as it is told to', () => {
    const clock = createFakeClock();
    const union = createEndpointUnion({ ttls: 3, minMs: 1_000, maxMs: 20_000 }, clock);
    union.add([found('short', 0), found('long', 3_600_000)]);
    clock.advance(999);
    expect(hosts(union.add([]))).toEqual(['long', 'short']);
    clock.advance(1);
    expect(hosts(union.add([]))).toEqual(['long']);
    clock.advance(19_000);
    expect(hosts(union.add([]))).toEqual([]);
  });

  it('takes what an endpoint says from the newest answer, and says which were seen before', () => {
    const union = createEndpointUnion({ ttls: 1, minMs: 1_000, maxMs: 1_000 }, createFakeClock());
    union.add([found('a', 0, 1), found('b', 0, 1)]);
    expect(union.add([found('a', 0, 7)])).toMatchObject([
      { endpoint: { host: 'b', weight: 1 }, server: '10.0.0.2 (seen before)' },
      { endpoint: { host: 'a', weight: 7 }, server: '10.0.0.2' },
    ]);
  });

  it('holds no more than an answer may, the newest of them', () => {
    const union = createEndpointUnion({ ttls: 1, minMs: 1_000, maxMs: 1_000 }, createFakeClock());
    for (let i = 0; i < 30; i++) union.add(Array.from({ length: 1_000 }, (_, j) => found(`${i}-${j}`, 0)));
    const kept = union.add([found('last', 0)]);
    expect(kept).toHaveLength(10_000);
    expect(kept.at(-1)?.endpoint.host).toBe('last');
  });
});

describe('dnsResolver with a server that answers random parts', () => {
  const all = Array.from({ length: 24 }, (_, i) => `10.0.1.${i + 1}`);
  const random = createSeededRandom(7);
  const eightOf = (): string[] => {
    const rest = [...all];
    return Array.from({ length: 8 }, () => rest.splice(Math.floor(random.next() * rest.length), 1)[0] as string);
  };

  it('comes to know them all, and drops who is gone', async () => {
    let pick = eightOf;
    const dns = scriptedDns(({ type }) => ({ answers: type === 'A' ? pick().map((ip) => a('pool.test', ip, 5)) : [] }));
    const ask = dns.resolver('pool.test', { union: { ttls: 12, minMs: 0 } });
    expect(hostsOf(await ask())).toHaveLength(8);
    // Each answer misses an endpoint with 2/3; twelve answers in a row with (2/3)^12 < 0.8 %: of 24, 0.2 on average.
    for (let i = 0; i < 12; i++) {
      await dns.clock.advanceAsync(4_500);
      await ask();
    }
    expect(hostsOf(await ask()).length).toBeGreaterThanOrEqual(22);

    pick = () => all.slice(0, 8);
    await dns.clock.advanceAsync(60_001);
    expect(hostsOf(await ask())).toEqual(all.slice(0, 8));
  });

  it('believes a server that says that nobody is there', async () => {
    let gone = false;
    const dns = scriptedDns(() => (gone ? NXDOMAIN : { answers: [a('pool.test', '10.0.1.1')] }));
    const ask = dns.resolver('pool.test', { union: {}, family: 4 });
    await ask();
    gone = true;
    expect((await ask()).endpoints).toEqual([]);
  });

  it('is off unless asked for', async () => {
    let address = '10.0.1.1';
    const dns = scriptedDns(() => ({ answers: [a('pool.test', address)] }));
    const ask = dns.resolver('pool.test', { family: 4 });
    await ask();
    address = '10.0.1.2';
    expect(hostsOf(await ask())).toEqual(['10.0.1.2']);
  });
});

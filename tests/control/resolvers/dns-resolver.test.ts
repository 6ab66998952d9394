import { describe, expect, it } from '@jest/globals';

import { dnsResolver } from '../../../src/control/resolvers/dns-resolver.js';

const signal = new AbortController().signal;

describe('dnsResolver', () => {
  it.each([
    ['127.0.0.1', { host: '127.0.0.1', port: 80 }],
    ['::1', { host: '::1', port: 80 }],
  ])('does not ask about the address %s', async (name, endpoint) => {
    expect(await dnsResolver(name, { port: 80 }).resolve({ signal })).toEqual({
      endpoints: [endpoint],
      authoritative: true,
    });
  });

  it('knows localhost as the system does', async () => {
    const { endpoints } = await dnsResolver('localhost', { family: 4 }).resolve({ signal });
    expect(endpoints).toEqual([{ host: '127.0.0.1' }]);
  });

  it.each<[string, object, RegExp]>([
    ['', {}, /dnsResolver: must be a host name/],
    ['a b', {}, /dnsResolver: must be a host name/],
    ['a:80', {}, /dnsResolver: must be a host name/],
    ['a', { port: 0 }, /dnsResolver\.port/],
    ['a', { family: 5 }, /dnsResolver\.family/],
    ['a', { type: 'mx' }, /dnsResolver\.type: must be one of/],
    ['a', { servers: ['dns.example'] }, /dnsResolver\.servers: must be IP addresses/],
    ['a', { servers: ['::1:53', '10.0.0.1:0'] }, /dnsResolver\.servers: must be IP addresses/],
    ['a', { servers: [] }, /dnsResolver\.servers: must be IP addresses, with a port or without, got none/],
    ['a', { search: ['a b'] }, /dnsResolver\.search\[0\]: must be a domain name/],
    ['a', { ndots: 16 }, /dnsResolver\.ndots/],
    ['a', { union: true }, /dnsResolver\.union: must be false or an object/],
    ['a', { union: { ttls: 0 } }, /dnsResolver\.union\.ttls/],
    ['a', { union: { keepMs: 1 } }, /dnsResolver\.union\.keepMs: unknown option/],
    ['a', { tries: 0 }, /dnsResolver\.tries/],
    ['a', { timeout: 1 }, /dnsResolver\.timeout: unknown option/],
    ['_http._tcp.a', { port: 80 }, /dnsResolver\.port: not for SRV/],
  ])('refuses %j with %j', (name, options, message) => {
    expect(() => dnsResolver(name, options)).toThrow(message);
  });
});

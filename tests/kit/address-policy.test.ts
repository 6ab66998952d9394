import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createAddressPolicy } from '../../src/kit/address-policy.js';
import type { AddressPolicyOptions } from '../../src/kit/address-policy.js';

const refuse = (address: string, options?: AddressPolicyOptions, port?: number): string | undefined =>
  createAddressPolicy(options).refuse(address, port);

describe('the address policy by default', () => {
  it.each([
    '10.0.0.1',
    '192.168.1.1',
    '203.0.113.7',
    '169.253.255.255',
    '169.255.0.0',
    '223.255.255.255',
    '255.255.255.254',
    '1.0.0.0',
    '127.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    'fd00::1',
    '2001:db8::1',
    '64:ff9b::10.0.0.1',
    'orders.internal',
    'localhost',
  ])('allows %s', (address) => {
    expect(refuse(address, undefined, 8080)).toBeUndefined();
  });

  it.each([
    ['169.254.169.254', 'a cloud metadata address'],
    ['169.254.170.2', 'a cloud metadata address'],
    ['100.100.100.200', 'a cloud metadata address'],
    ['168.63.129.16', 'a cloud metadata address'],
    ['192.0.0.192', 'a cloud metadata address'],
    ['fd00:ec2::254', 'a cloud metadata address'],
    ['fd00:0ec2:0:0:0:0:0:254', 'a cloud metadata address'],
    ['fd20:ce::254', 'a cloud metadata address'],
    ['::ffff:169.254.169.254', 'a cloud metadata address'],
    ['::ffff:a9fe:a9fe', 'a cloud metadata address'],
    ['[::ffff:a9fe:a9fe]', 'a cloud metadata address'],
    ['0:0:0:0:0:FFFF:A9FE:A9FE', 'a cloud metadata address'],
    ['64:ff9b::a9fe:a9fe', 'a cloud metadata address'],
    ['64:ff9b::169.254.169.254', 'a cloud metadata address'],
    ['2002:a9fe:a9fe::1', 'a cloud metadata address'],
    ['::169.254.169.254', 'a cloud metadata address'],
    ['::ffff:0:169.254.169.254', 'a cloud metadata address'],
    ['64:ff9b:1::169.254.169.254', 'a cloud metadata address'],
    ['64:ff9b:1:a9fe:a9:fe00::', 'a cloud metadata address'],
    ['169.254.0.0', 'a link-local address'],
    ['169.254.255.255', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['febf::1', 'a link-local address'],
    ['224.0.0.1', 'a multicast address'],
    ['239.255.255.255', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['::ffff:0.0.0.0', 'an unspecified address'],
    ['255.255.255.255', 'a broadcast address'],
  ])('refuses %s: %s', (address, reason) => {
    expect(refuse(address)).toBe(`${address} is ${reason}`);
  });
});

describe('the address policy with options', () => {
  it.each<[AddressPolicyOptions, string, string | undefined]>([
    [{ cidrs: ['10.0.0.0/8'] }, '10.1.2.3', undefined],
    [{ cidrs: ['10.0.0.0/8'] }, '::ffff:10.1.2.3', undefined],
    [{ cidrs: ['10.0.0.0/8'] }, '11.0.0.1', '11.0.0.1 is not in allow.cidrs'],
    [{ cidrs: ['10.0.0.0/8'] }, '127.0.0.1', '127.0.0.1 is not in allow.cidrs'],
    [{ cidrs: ['10.0.0.0/8'] }, '64:ff9b::10.0.0.1', '64:ff9b::10.0.0.1 is not in allow.cidrs'],
    [{ cidrs: ['10.0.0.0/8', 'fd00::/8'] }, 'fd00::1', undefined],
    [{ cidrs: [] }, '10.0.0.1', '10.0.0.1 is not in allow.cidrs'],
    [{ cidrs: ['10.0.0.0/8'] }, 'orders.internal', undefined],
    [{ cidrs: ['0.0.0.0/0'] }, '203.0.113.7', undefined],
    [{ cidrs: ['0.0.0.0/0'] }, '169.254.1.1', '169.254.1.1 is a link-local address'],
    [{ cidrs: ['169.0.0.0/8'] }, '169.254.1.1', '169.254.1.1 is a link-local address'],
    [{ cidrs: ['169.254.0.0/16'] }, '169.254.1.1', undefined],
    [{ cidrs: ['169.254.1.0/24'] }, '169.254.1.1', undefined],
    [{ cidrs: ['169.254.1.0/24'] }, '169.254.2.1', '169.254.2.1 is a link-local address'],
    [{ cidrs: ['169.254.0.0/16'] }, '169.254.169.254', '169.254.169.254 is a cloud metadata address'],
    [{ cidrs: ['169.254.169.254'] }, '169.254.169.254', undefined],
    [{ cidrs: ['169.254.169.254/32', '169.254.0.0/16'] }, '169.254.169.254', undefined],
    [{ cidrs: ['fe80::/10'] }, 'fe80::1', undefined],
    [{ cidrs: ['::/0'] }, 'fe80::1', 'fe80::1 is a link-local address'],
    [{ loopback: false }, '127.0.0.1', '127.0.0.1 is a loopback address'],
    [{ loopback: false }, '127.9.9.9', '127.9.9.9 is a loopback address'],
    [{ loopback: false }, '::1', '::1 is a loopback address'],
    [{ loopback: false }, '64:ff9b::7f00:1', '64:ff9b::7f00:1 is a loopback address'],
    [{ cidrs: ['169.254.169.254'] }, '64:ff9b::a9fe:a9fe', '64:ff9b::a9fe:a9fe is a cloud metadata address'],
    [{ cidrs: ['::/0'] }, '10.0.0.1', '10.0.0.1 is not in allow.cidrs'],
    [{ cidrs: ['0.0.0.0/0'] }, 'fd00::1', 'fd00::1 is not in allow.cidrs'],
    [{ cidrs: ['::ffff:10.0.0.0/104'] }, '10.1.2.3', undefined],
    [{ cidrs: ['::ffff:169.254.0.0/112'] }, '169.254.1.1', undefined],
    [{ loopback: false }, '::ffff:7f00:1', '::ffff:7f00:1 is a loopback address'],
    [{ loopback: false, cidrs: ['127.0.0.0/8'] }, '127.0.0.1', '127.0.0.1 is a loopback address'],
    [{ loopback: true, cidrs: ['127.0.0.0/8'] }, '127.0.0.1', undefined],
  ])('%j and %s: %p', (options, address, reason) => {
    expect(refuse(address, options)).toBe(reason);
  });

  it('restricts ports, of host names too', () => {
    const options = { ports: [80, 8080] };
    expect(refuse('10.0.0.1', options, 8080)).toBeUndefined();
    expect(refuse('10.0.0.1', options, 22)).toBe('port 22 is not in allow.ports');
    expect(refuse('orders.internal', options, 22)).toBe('port 22 is not in allow.ports');
    expect(refuse('10.0.0.1', options)).toBeUndefined();
    expect(refuse('10.0.0.1', { ports: [] }, 80)).toBe('port 80 is not in allow.ports');
  });

  it.each([0, 7, 22, 25, 53, 110, 143, 389, 465, 587, 2049, 5060, 6000, 6667, 10080])('refuses port %i', (port) => {
    expect(refuse('10.0.0.1', {}, port)).toBe(`port ${port} is one that fetch blocks`);
    expect(refuse('orders.internal', {}, port)).toBe(`port ${port} is one that fetch blocks`);
  });

  it('allows a port that fetch blocks where it is listed', () => {
    expect(refuse('10.0.0.1', { ports: [25] }, 25)).toBeUndefined();
  });

  it.each<[AddressPolicyOptions, string]>([
    [
      { cidrs: ['10.0.0.0/8', '10.0.0.0/33'] },
      `allow.cidrs[1]: must be a block of addresses such as '10.0.0.0/8', got "10.0.0.0/33"`,
    ],
    [{ cidrs: ['orders'] }, `allow.cidrs[0]: must be a block of addresses such as '10.0.0.0/8', got "orders"`],
    [{ ports: [0] }, 'allow.ports[0]: must be an integer from 1 to 65535, got 0'],
    [{ ports: [80, 65_536] }, 'allow.ports[1]: must be an integer from 1 to 65535, got 65536'],
  ])('throws for %j', (options, message) => {
    expect(() => createAddressPolicy(options)).toThrow(`ERR_INVALID_OPTION: ${message}`);
  });

  it('does not keep the lists that it was given', () => {
    const options = { cidrs: ['10.0.0.0/8'], ports: [80] };
    const policy = createAddressPolicy(options);
    options.cidrs.push('11.0.0.0/8');
    options.ports.push(22);
    expect(policy.refuse('11.0.0.1', 80)).toBeDefined();
    expect(policy.refuse('10.0.0.1', 22)).toBeDefined();
  });
});

describe('every spelling of an IPv4 address', () => {
  it('is judged like the address', () => {
    const policy = createAddressPolicy();
    const interesting = fc.oneof(
      fc.ipV4(),
      fc
        .tuple(fc.constantFrom('169.254', '127.0', '0.0', '224.1', '255.255'), fc.nat(255), fc.nat(255))
        .map((p) => p.join('.')),
    );
    fc.assert(
      fc.property(interesting, (address) => {
        const plain = policy.refuse(address, 80) !== undefined;
        const hex = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
        const groups = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
        for (const spelling of [
          `::ffff:${address}`,
          `::ffff:${groups}`,
          `64:ff9b::${groups}`,
          `64:ff9b::${address}`,
          `2002:${groups}::`,
        ]) {
          expect(policy.refuse(spelling, 80) !== undefined).toBe(plain);
        }
      }),
    );
  });
});

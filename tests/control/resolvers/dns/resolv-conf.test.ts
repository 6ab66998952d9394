import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { addressesIn, hostsFile } from '../../../../src/control/resolvers/dns/hosts-file.js';
import { parseNameServer } from '../../../../src/control/resolvers/dns/name-server.js';
import { parseResolvConf, readSystemDns } from '../../../../src/control/resolvers/dns/resolv-conf.js';
import { searchNames } from '../../../../src/control/resolvers/dns/search-names.js';

describe('parseResolvConf', () => {
  it("reads what Kubernetes writes into a pod's", () => {
    const text = [
      'search shop.svc.cluster.local svc.cluster.local cluster.local',
      'nameserver 10.96.0.10',
      'options ndots:5',
      '',
    ].join('\n');
    expect(parseResolvConf(text)).toEqual({
      servers: [{ address: '10.96.0.10', port: 53, family: 4, label: '10.96.0.10' }],
      search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
      timeoutMs: undefined,
      tries: undefined,
      rotate: false,
    });
  });

  it('reads every option that it honours, and keeps within the limits of glibc', () => {
    const text = 'options timeout:3 attempts:1 rotate edns0\noptions ndots:99 timeout:99 attempts:0 # end';
    expect(parseResolvConf(text)).toMatchObject({ ndots: 15, timeoutMs: 30_000, tries: 1, rotate: true });
  });

  it('lets the last of search and domain win, and passes over comments and nonsense', () => {
    const text = [
      '# nameserver 10.0.0.9',
      '; search nowhere',
      'search one two',
      'nameserver dns.example',
      'nameserver',
      'nameserver fe80::1%eth0',
      '  nameserver\t10.0.0.2   # the first',
      'domain Corp.Example. a_b/c',
      'sortlist 10.0.0.0',
    ].join('\n');
    const { servers, search } = parseResolvConf(text);
    expect(servers.map(({ label }) => label)).toEqual(['fe80::1%eth0', '10.0.0.2']);
    expect(search).toEqual(['corp.example']);
  });

  it('never throws', () => {
    const word = fc.constantFrom(
      'nameserver',
      'search',
      'options',
      'ndots:5',
      'ndots:',
      '10.0.0.1',
      '#',
      '\t',
      '\n',
      ':',
      'x'.repeat(300),
    );
    fc.assert(fc.property(fc.array(fc.oneof(word, fc.string())), (words) => void parseResolvConf(words.join(' '))));
  });
});

describe('parseNameServer', () => {
  it.each([
    ['10.0.0.2', '10.0.0.2', 53, '10.0.0.2'],
    ['10.0.0.2:5353', '10.0.0.2', 5353, '10.0.0.2:5353'],
    ['10.0.0.2:53', '10.0.0.2', 53, '10.0.0.2'],
    ['fd00::2', 'fd00::2', 53, 'fd00::2'],
    ['[fd00::2]', 'fd00::2', 53, 'fd00::2'],
    ['[fd00::2]:5353', 'fd00::2', 5353, '[fd00::2]:5353'],
    ['[fe80::1%eth0]:53', 'fe80::1%eth0', 53, 'fe80::1%eth0'],
  ])('reads %s', (text, address, port, label) => {
    expect(parseNameServer(text)).toMatchObject({ address, port, label });
  });

  it.each(['', 'dns.example', '10.0.0.2:', '10.0.0.2:0', '10.0.0.2:65536', '[10.0.0.2]:53', '10.1', 'fd00::2:x'])(
    'refuses %j',
    (text) => expect(parseNameServer(text)).toBeUndefined(),
  );
});

describe('searchNames', () => {
  const pod = { search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 };

  it('tries a short name in the domains first, and as it is last', () => {
    expect(searchNames('orders', false, pod)).toEqual([
      'orders.shop.svc.cluster.local',
      'orders.svc.cluster.local',
      'orders.cluster.local',
      'orders',
    ]);
    expect(searchNames('orders.eu.svc.cluster.local', false, pod)[0]).toBe(
      'orders.eu.svc.cluster.local.shop.svc.cluster.local',
    );
  });

  it('tries a name with dots enough as it is first', () => {
    expect(searchNames('orders.corp', false, { search: ['eu'], ndots: 1 })).toEqual(['orders.corp', 'orders.corp.eu']);
    expect(searchNames('orders', false, { search: ['eu'], ndots: 0 })).toEqual(['orders', 'orders.eu']);
  });

  it('takes a name that was written with a trailing dot for complete', () => {
    expect(searchNames('orders', true, pod)).toEqual(['orders']);
  });

  it('asks about nothing twice, and about nothing that is too long for a name', () => {
    expect(searchNames('a', false, { search: ['b', 'b', 'c.'.repeat(126) + 'c'], ndots: 1 })).toEqual(['a.b', 'a']);
  });
});

describe('addressesIn a hosts file', () => {
  const text = [
    '127.0.0.1\tlocalhost',
    '10.0.0.1  Orders.corp orders # orders2',
    '# 10.0.0.2 orders',
    'FD00::0:1 orders',
    '10.0.0.1 orders',
    'nonsense orders',
    '10.0.0.3',
    '',
  ].join('\r\n');

  it('are those of the lines that have the name', () => {
    expect(addressesIn(text, 'orders')).toEqual(['10.0.0.1', 'fd00::1']);
    expect(addressesIn(text, 'orders.corp')).toEqual(['10.0.0.1']);
    expect(addressesIn(text, 'orders2')).toEqual([]);
  });
});

describe('the files of this machine', () => {
  it('are read, whatever is in them', async () => {
    const { servers, ndots } = await readSystemDns();
    expect(Array.isArray(servers)).toBe(true);
    expect(ndots).toBeGreaterThanOrEqual(0);
    expect(await hostsFile('no-such-name.invalid')).toEqual([]);
  });
});

/** What `dnsResolver` makes of what name servers say, over scripted servers and fake time. */

import { describe, expect, it } from '@jest/globals';

import { dnsResolverWith } from '../../../../src/control/resolvers/dns-resolver.js';
import { getDnsReport } from '../../../../src/control/resolvers/dns/dns-report.js';
import { a, aaaa, cname, hostsOf, ns, NXDOMAIN, scriptedDns, SERVFAIL, soa, srv, zone } from './scripted-servers.js';

const POD = 'search shop.svc.cluster.local svc.cluster.local\nnameserver 10.0.0.2\noptions ndots:5';

describe('addresses', () => {
  it('are those of both families, under the shortest of their times to live', async () => {
    const dns = scriptedDns(
      zone(a('o.test', '10.0.0.1', 9), a('o.test', '10.0.0.3', 7), aaaa('o.test', 'FD00:0::1', 8)),
    );
    const answer = await dns.ask('o.test', { port: 80 });
    expect(answer).toEqual({
      endpoints: ['10.0.0.1', '10.0.0.3', 'fd00::1'].map((host) => ({ host, port: 80 })),
      ttlMs: 7_000,
    });
    expect(dns.questions()).toEqual(['A o.test@10.0.0.2', 'AAAA o.test@10.0.0.2']);
    expect(dns.open()).toBe(0);
    expect(dns.clock.pendingTimers).toBe(0);
  });

  it('are one endpoint each, however often the answer has them', async () => {
    const dns = scriptedDns(zone(a('o.test', '10.0.0.1'), a('o.test', '10.0.0.1')));
    expect(hostsOf(await dns.ask('o.test'))).toEqual(['10.0.0.1']);
  });

  it('are asked for in one family when told so', async () => {
    const dns = scriptedDns(zone(a('o.test', '10.0.0.1'), aaaa('o.test', 'fd00::1')));
    expect(hostsOf(await dns.ask('o.test', { family: 6 }))).toEqual(['fd00::1']);
    expect(dns.questions()).toEqual(['AAAA o.test@10.0.0.2']);
  });

  it('are found at the end of a chain of aliases, which lives as long as its shortest-lived record', async () => {
    const chain = [cname('o.test', 'p.test', 30), cname('p.test', 'q.test', 4), a('q.test', '10.0.0.1', 60)];
    const dns = scriptedDns(() => ({ answers: chain }));
    expect(await dns.ask('o.test', { family: 4 })).toEqual({ endpoints: [{ host: '10.0.0.1' }], ttlMs: 4_000 });
    expect(dns.asked).toHaveLength(1);
  });

  it('are asked for at the end of a chain of which the server knows only the beginning', async () => {
    const known = zone(cname('q.test', 'r.test', 3), a('r.test', '10.0.0.1', 60));
    const dns = scriptedDns((asked) =>
      asked.name === 'o.test' ? { answers: [cname('o.test', 'q.test', 30)] } : asked.name === 'q.test' ? { answers: [cname('q.test', 'r.test', 3)] } : known(asked),
    ); // prettier-ignore
    expect(await dns.ask('o.test', { family: 4 })).toEqual({ endpoints: [{ host: '10.0.0.1' }], ttlMs: 3_000 });
    expect(dns.questions()).toEqual(['o', 'q', 'r'].map((name) => `A ${name}.test@10.0.0.2`));
  });

  it('could not be asked for when aliases run in a circle, never end, or lead to no name', async () => {
    const circle = scriptedDns(() => ({ answers: [cname('o.test', 'p.test'), cname('p.test', 'o.test')] }));
    await expect(circle.ask('o.test', { family: 4 })).rejects.toThrow(
      'EBADRESP: A o.test: 10.0.0.2: its aliases (CNAME) have no end',
    );
    const endless = scriptedDns(({ name }) => ({ answers: [cname(name, `x${name}`)] }));
    await expect(endless.ask('o.test', { family: 4 })).rejects.toThrow('have no end');
    expect(endless.asked).toHaveLength(8);
    const nowhere = scriptedDns(({ name }) => ({ answers: [cname(name, '.')] }));
    await expect(nowhere.ask('o.test', { family: 4 })).rejects.toThrow('lead to what is no host name');
  });

  it('of others are not taken for those of the name', async () => {
    const dns = scriptedDns(() => ({ answers: [a('other.test', '10.6.6.6')], authorities: [soa('test')] }));
    expect((await dns.ask('o.test')).endpoints).toEqual([]);
  });
});

describe('services', () => {
  const NAME = '_http._tcp.o.test';
  const records = [srv(NAME, 10, 60, 8001, 'a.test', 20), srv(NAME, 20, 0, 8002, 'b.test', 20)];

  it('have port, priority and weight, and the addresses that came along', async () => {
    const along = [
      a('a.test', '10.0.0.1', 60),
      aaaa('a.test', 'fd00::1', 60),
      a('b.test', '10.0.0.2', 60),
      a('c.test', '10.6.6.6'),
    ];
    const none = zone(srv(NAME, 0, 0, 1, 'x'), { type: 'TXT', name: 'b.test', data: '' });
    const dns = scriptedDns((asked) => (asked.type === 'SRV' ? { answers: records, additionals: along } : none(asked)));
    expect(await dns.ask(NAME)).toEqual({
      endpoints: [
        { host: '10.0.0.1', port: 8001, priority: 10, weight: 60, metadata: { target: 'a.test' } },
        { host: 'fd00::1', port: 8001, priority: 10, weight: 60, metadata: { target: 'a.test' } },
        { host: '10.0.0.2', port: 8002, priority: 20, weight: 0.01, metadata: { target: 'b.test' } },
      ],
      ttlMs: 20_000,
    });
    // The family that did not come along may exist all the same.
    expect(dns.questions().slice(1)).toEqual(['AAAA b.test@10.0.0.2']);
  });

  it('have the addresses that their targets turn out to have, and the life of the first record to expire', async () => {
    const dns = scriptedDns(zone(...records, a('a.test', '10.0.0.1', 60), a('b.test', '10.0.0.2', 11)));
    expect(await dns.ask(NAME)).toMatchObject({ endpoints: [{ port: 8001 }, { port: 8002 }], ttlMs: 11_000 });
  });

  it('live as long as the SRV record says when the addresses live longer', async () => {
    const dns = scriptedDns(zone(srv(NAME, 0, 0, 80, 'a.test', 3), a('a.test', '10.0.0.1', 300)));
    expect(await dns.ask(NAME)).toMatchObject({ ttlMs: 3_000 });
  });

  it('are decidedly not there when the target is the root', async () => {
    const dns = scriptedDns(zone(srv(NAME, 0, 0, 0, '.')));
    expect(await dns.ask(NAME)).toEqual({ endpoints: [], authoritative: true });
  });

  it('may name an address as their target', async () => {
    const dns = scriptedDns(zone(srv(NAME, 0, 0, 80, '10.0.0.9')));
    expect(hostsOf(await dns.ask(NAME))).toEqual(['10.0.0.9']);
    expect(dns.asked).toHaveLength(1);
  });

  it('do without a target that is no host name', async () => {
    const dns = scriptedDns(zone(srv(NAME, 0, 0, 80, 'a b!'), srv(NAME, 0, 0, 80, 'a.test'), a('a.test', '10.0.0.1')));
    expect(hostsOf(await dns.ask(NAME))).toEqual(['10.0.0.1']);
  });

  it('with more targets than anybody has could not be asked for', async () => {
    const many = Array.from({ length: 1_025 }, (_, i) => srv(NAME, 0, 0, 80, `t${i}.test`));
    const dns = scriptedDns(() => ({ answers: many }));
    await expect(dns.ask(NAME)).rejects.toThrow(
      'EBADRESP: SRV _http._tcp.o.test: 10.0.0.2: 1025 targets, more than 1024',
    );
  });

  it('with many targets are asked for in parallel, but not all at once, and on one signal', async () => {
    const many = Array.from({ length: 200 }, (_, i) => srv(NAME, 0, 0, 80, `t${i}.test`));
    const targets = zone(...many.map((_, i) => a(`t${i}.test`, `10.0.0.${i}`)));
    let mostOpen = 0;
    const dns = scriptedDns((asked) => {
      mostOpen = Math.max(mostOpen, dns.open());
      return asked.type === 'SRV' ? { answers: many } : targets(asked);
    });
    const warned: Error[] = [];
    const onWarning = (warning: Error): unknown => warned.push(warning);
    process.on('warning', onWarning);
    expect((await dns.ask(NAME)).endpoints).toHaveLength(200);
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(warned).toEqual([]);
    expect(mostOpen).toBe(32);
  });

  it('are asked for under any name when told so', async () => {
    const dns = scriptedDns(zone(srv('o.test', 0, 0, 80, 'a.test'), a('a.test', '10.0.0.1')));
    expect(await dns.ask('o.test', { type: 'srv' })).toMatchObject({ endpoints: [{ port: 80 }] });
  });
});

describe('"there is none" and "could not ask"', () => {
  it('are told apart', async () => {
    expect(await scriptedDns(() => NXDOMAIN).ask('o.test')).toEqual({ endpoints: [] });
    expect(await scriptedDns(() => ({ authorities: [soa('test')] })).ask('o.test')).toEqual({ endpoints: [] });
    expect(await scriptedDns(() => ({})).ask('o.test')).toEqual({ endpoints: [] });
    await expect(scriptedDns(() => SERVFAIL).ask('o.test')).rejects.toMatchObject({
      name: 'DnsError',
      code: 'ESERVFAIL',
      record: 'A',
      hostname: 'o.test',
      message: 'ESERVFAIL: A o.test: 10.0.0.2: SERVFAIL',
    });
  });

  it('are not confused by a server that refers to others', async () => {
    const dns = scriptedDns(() => ({ authorities: [ns('test', 'ns.elsewhere')] }));
    await expect(dns.ask('o.test')).rejects.toThrow(
      'EBADRESP: A o.test: 10.0.0.2: does not know the name and refers to other servers',
    );
  });

  it('are told apart within a family: one that fails does not matter while the other has addresses', async () => {
    const half = scriptedDns(({ type }) => (type === 'A' ? { answers: [a('o.test', '10.0.0.1', 60)] } : SERVFAIL));
    // Asked again soon, since a part is missing.
    expect(await half.ask('o.test')).toEqual({ endpoints: [{ host: '10.0.0.1' }], ttlMs: 30_000 });
    const none = scriptedDns(({ type }) => (type === 'A' ? {} : SERVFAIL));
    await expect(none.ask('o.test')).rejects.toThrow('ESERVFAIL: AAAA o.test');
  });

  it('are told apart among targets', async () => {
    const records = [srv('_h._tcp.test', 0, 0, 80, 'a.test'), srv('_h._tcp.test', 0, 0, 80, 'b.test')];
    const working = zone(...records, a('a.test', '10.0.0.1'));
    const dns = scriptedDns((asked) => (asked.name === 'b.test' ? 'silence' : working(asked)));
    expect(await dns.ask('_h._tcp.test', { tries: 1 })).toMatchObject({
      endpoints: [{ host: '10.0.0.1' }],
      ttlMs: 30_000,
    });
    const failing = scriptedDns((asked) => (asked.type === 'SRV' ? { answers: records } : SERVFAIL));
    await expect(failing.ask('_h._tcp.test')).rejects.toThrow('ESERVFAIL: A a.test');
  });
});

describe('a part that fails after it was known', () => {
  it('stays as it was: a family', async () => {
    let broken = false;
    const dns = scriptedDns(({ type }) =>
      type === 'A'
        ? { answers: [a('o.test', '10.0.0.1')] }
        : broken
          ? SERVFAIL
          : { answers: [aaaa('o.test', 'fd00::1')] },
    );
    const ask = dns.resolver('o.test');
    await ask();
    broken = true;
    const answer = await ask();
    expect(answer).toEqual({ endpoints: [{ host: '10.0.0.1' }, { host: 'fd00::1' }], ttlMs: 30_000 });
    expect(getDnsReport(answer)?.endpoints[1]).toMatchObject({
      record: 'AAAA o.test',
      server: '10.0.0.2 (remembered)',
    });
    await dns.clock.advanceAsync(86_400_001);
    expect(hostsOf(await ask())).toEqual(['10.0.0.1']);
  });

  it('stays as it was: a target, but only while it is one', async () => {
    const NAME = '_h._tcp.test';
    const both = [srv(NAME, 0, 0, 80, 'a.test'), srv(NAME, 0, 0, 80, 'b.test')];
    let records = [...both, a('a.test', '10.0.0.1'), a('b.test', '10.0.0.2')];
    let broken = false;
    const dns = scriptedDns((asked) => (broken && asked.name === 'b.test' ? SERVFAIL : zone(...records)(asked)));
    const ask = dns.resolver(NAME);
    await ask();
    broken = true;
    expect(hostsOf(await ask())).toEqual(['10.0.0.1', '10.0.0.2']);
    records = records.slice(0, 1).concat(records.slice(2));
    expect(hostsOf(await ask())).toEqual(['10.0.0.1']);
  });

  it('is no substitute for an answer: with nobody else there, it is the feed that serves what was known', async () => {
    let broken = false;
    const dns = scriptedDns(({ type }) =>
      broken ? SERVFAIL : type === 'A' ? { answers: [a('o.test', '10.0.0.1')] } : {},
    );
    const ask = dns.resolver('o.test');
    await ask();
    broken = true;
    await expect(ask()).rejects.toThrow('ESERVFAIL');
  });
});

describe('a short name', () => {
  it('is tried in the search domains of the system, the first that exists counts', async () => {
    const dns = scriptedDns(zone(a('orders.svc.cluster.local', '10.0.0.1')), { conf: POD });
    expect(hostsOf(await dns.ask('orders', { family: 4 }))).toEqual(['10.0.0.1']);
    expect(dns.questions()).toEqual([
      'A orders.shop.svc.cluster.local@10.0.0.2',
      'A orders.svc.cluster.local@10.0.0.2',
    ]);
  });

  it('is tried for services, too', async () => {
    const name = '_http._tcp.orders.shop.svc.cluster.local';
    const target = 'a.orders.shop.svc.cluster.local';
    const dns = scriptedDns(zone(srv(name, 0, 0, 80, target), a(target, '10.0.0.1')), { conf: POD });
    expect(hostsOf(await dns.ask('_http._tcp.orders'))).toEqual(['10.0.0.1']);
    // A target is complete.
    expect(dns.questions().slice(1)).toEqual([`A ${target}@10.0.0.2`, `AAAA ${target}@10.0.0.2`]);
  });

  it('ends with a dot when it is meant as it is', async () => {
    const dns = scriptedDns(zone(a('orders', '10.0.0.1')), { conf: POD });
    expect(hostsOf(await dns.ask('orders.', { family: 4 }))).toEqual(['10.0.0.1']);
    expect(dns.questions()).toEqual(['A orders@10.0.0.2']);
  });

  it('does not pass over a domain that could not be asked: the next one may have another service of that name', async () => {
    const dns = scriptedDns(
      ({ name }) => (name.startsWith('orders.shop') ? SERVFAIL : { answers: [a(name, '10.6.6.6')] }),
      { conf: POD },
    );
    await expect(dns.ask('orders')).rejects.toThrow('ESERVFAIL: A orders.shop.svc.cluster.local: 10.0.0.2: SERVFAIL');
  });

  it('has the domains and dots of the options before those of the system', async () => {
    const dns = scriptedDns(zone(a('orders.eu', '10.0.0.1')), { conf: POD });
    expect(hostsOf(await dns.ask('orders', { search: ['EU.'], ndots: 1, family: 4 }))).toEqual(['10.0.0.1']);
    expect(dns.questions()).toEqual(['A orders.eu@10.0.0.2']);
  });

  it('has none when servers are given, unless they are, too', async () => {
    const dns = scriptedDns(() => NXDOMAIN, { conf: POD });
    await dns.ask('orders', { servers: ['10.0.0.9'], family: 4 });
    await dns.ask('orders', { servers: ['10.0.0.9'], search: ['eu'], family: 4 });
    expect(dns.questions()).toEqual(['A orders@10.0.0.9', 'A orders.eu@10.0.0.9', 'A orders@10.0.0.9']);
  });
});

describe("the system's own lookup", () => {
  const hosts = { orders: ['10.9.0.1', 'fd00::9'], localhost: ['127.0.0.1'], 'a.localhost': ['127.0.0.2'] };

  it('is asked about a name that name servers do not know', async () => {
    const dns = scriptedDns(() => NXDOMAIN, { conf: POD, hosts });
    const answer = await dns.ask('Orders', { port: 80 });
    expect(answer).toEqual({ endpoints: ['10.9.0.1', 'fd00::9'].map((host) => ({ host, port: 80 })) });
    expect(getDnsReport(answer)?.endpoints).toMatchObject([
      { record: 'lookup of orders', server: 'the system', ttlMs: undefined },
      {},
    ]);
  });

  it('is asked about localhost at once, and about everything when there is no name server', async () => {
    const dns = scriptedDns(() => NXDOMAIN, { hosts });
    expect(hostsOf(await dns.ask('localhost.'))).toEqual(['127.0.0.1']);
    expect(hostsOf(await dns.ask('a.localhost'))).toEqual(['127.0.0.2']);
    expect(dns.asked).toEqual([]);
    const without = scriptedDns(() => NXDOMAIN, { conf: '', hosts });
    expect(hostsOf(await without.ask('orders'))).toHaveLength(2);
    await expect(without.ask('_http._tcp.orders')).rejects.toThrow('the system: it names no name server');
  });

  it('is not asked while name servers fail: it would hold a thread of the process for as long as they do', async () => {
    const dns = scriptedDns(() => SERVFAIL, { hosts });
    const lookup = (): never => {
      throw new Error('asked');
    };
    const hostless = { ...dns.dependencies, lookup, hosts: async () => [] };
    const asking = dnsResolverWith(hostless, 'orders').resolve(new AbortController());
    await expect(asking).rejects.toThrow('ESERVFAIL');
  });

  it('has its hosts file read while name servers fail, unless they knew the name before', async () => {
    let known = false;
    const dns = scriptedDns(({ name }) => (known ? { answers: [a(name, '10.0.0.1')] } : SERVFAIL), { hosts });
    const ask = dns.resolver('orders', { family: 4 });
    const answer = await ask();
    expect(answer).toEqual({ endpoints: [{ host: '10.9.0.1' }], ttlMs: 30_000 });
    expect(getDnsReport(answer)?.endpoints).toMatchObject([{ record: 'entry of orders', server: 'the hosts file' }]);
    known = true;
    expect(hostsOf(await ask())).toEqual(['10.0.0.1']);
    known = false;
    await expect(ask()).rejects.toThrow('ESERVFAIL');
    await expect(dns.ask('orders', { servers: ['10.0.0.9'] })).rejects.toThrow('ESERVFAIL');
    await expect(dns.ask('_h._tcp.orders')).rejects.toThrow('ESERVFAIL');
  });

  it('is not asked when servers are given, about services, or about a complete name under its short form', async () => {
    const dns = scriptedDns(() => NXDOMAIN, { hosts: { ...hosts, '_h._tcp': ['10.9.0.1'] } });
    for (const [name, options] of [['orders', { servers: ['10.0.0.9'] }], ['_h._tcp', {}], ['orders.', {}]] as const) {
      expect(await dns.ask(name, options)).toEqual({ endpoints: [] });
    } // prettier-ignore
  });
});

describe('the report of an answer', () => {
  it('says which record, which server, and what time to live', async () => {
    const NAME = '_http._tcp.o.test';
    const answers = [srv(NAME, 0, 0, 80, 'a.test', 20), srv(NAME, 0, 0, 81, 'b.test', 20)];
    const known = zone(cname('b.test', 'c.test'), a('b.test', '10.6.6.6'));
    const dns = scriptedDns((asked) => {
      if (asked.type === 'SRV') return { answers, additionals: [a('a.test', '10.0.0.1', 60)] };
      if (asked.type === 'A') return { answers: [cname('b.test', 'c.test', 9), a('c.test', '10.0.0.2', 60)] };
      return known(asked);
    });
    const report = getDnsReport(await dns.ask(NAME));
    expect(report?.endpoints).toMatchObject([
      { record: `SRV ${NAME} → A a.test`, server: '10.0.0.2 (additional)', ttlMs: 20_000 },
      { record: `SRV ${NAME} → CNAME b.test → A c.test`, server: '10.0.0.2', ttlMs: 9_000 },
    ]);
    expect(report?.questions).toMatchObject([
      { type: 'SRV', name: NAME, outcome: 'found', ttlMs: 20_000, protocol: 'udp', tookMs: 0 },
      { type: 'AAAA', name: 'a.test', outcome: 'nxdomain' },
      { type: 'A', name: 'b.test', outcome: 'found', ttlMs: 9_000 },
      { type: 'AAAA', name: 'b.test', outcome: 'nodata' },
    ]);
  });

  it('is there for an error, too', async () => {
    const dns = scriptedDns(() => SERVFAIL);
    const error = await dns.ask('o.test', { family: 4 }).catch((reason: Error) => reason);
    expect(getDnsReport(error)?.questions).toMatchObject([
      { type: 'A', name: 'o.test', server: '10.0.0.2', outcome: 'failed', reason: 'SERVFAIL' },
    ]);
  });
});

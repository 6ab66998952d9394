/** Servers that fail, lie, or say too much, over scripted servers and fake time. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { dnsResolverWith } from '../../../../src/control/resolvers/dns-resolver.js';
import { createServerOrder } from '../../../../src/control/resolvers/dns/server-order.js';
import { createFakeClock } from '../../../../src/testing/fake-clock.js';
import {
  a,
  encodeReply,
  hostsOf,
  nameServer,
  NXDOMAIN,
  REFUSED,
  scriptedDns,
  SERVFAIL,
  type Asked,
  type Response,
} from './scripted-servers.js';

const THREE = { servers: ['10.0.0.1', '10.0.0.2', '10.0.0.3:5353'], family: 4 } as const;
const good = (asked: Pick<Asked, 'name'>, address = '10.1.0.1') => ({ answers: [a(asked.name, address)] });
/** The last digit of each server that was asked. */
const order = (asked: readonly Asked[]): string =>
  asked.map(({ server }) => /10\.0\.0\.(\d)/.exec(server)?.[1]).join('');

describe('several servers', () => {
  it('are asked one after the other until one answers', async () => {
    const dns = scriptedDns((asked) => {
      if (asked.server === '10.0.0.1') return SERVFAIL;
      return asked.server === '10.0.0.2' ? { code: 'ECONNREFUSED' } : good(asked);
    });
    expect(hostsOf(await dns.ask('o.test', THREE))).toEqual(['10.1.0.1']);
    expect(order(dns.asked)).toBe('123');
  });

  it('are not asked further after one says that there is none', async () => {
    const dns = scriptedDns(() => NXDOMAIN);
    await dns.ask('o.test', THREE);
    expect(order(dns.asked)).toBe('1');
  });

  it('that all fail are named with what each of them said; what one said goes before silence', async () => {
    const dns = scriptedDns(({ server }) =>
      server === '10.0.0.1' ? 'silence' : server === '10.0.0.2' ? REFUSED : { code: 'EHOSTUNREACH' },
    );
    const startedAtMs = dns.clock.now();
    await expect(dns.ask('o.test', { ...THREE, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'EREFUSED',
      message:
        'EREFUSED: A o.test: 10.0.0.1: no answer within 300 ms (2 times); 10.0.0.2: REFUSED; ' +
        '10.0.0.3:5353: connect EHOSTUNREACH (2 times)',
    });
    // Who answered is not asked the same again; the silent are, `tries` times.
    expect(order(dns.asked)).toBe('12313');
    expect(dns.clock.now() - startedAtMs).toBeGreaterThanOrEqual(600);
    expect(dns.open()).toBe(0);
    expect(dns.clock.pendingTimers).toBe(0);
  });

  it('that are silent cost their timeout once, and get their place back', async () => {
    let down = true;
    const dns = scriptedDns((asked) => (down && asked.server === '10.0.0.1' ? 'silence' : good(asked)));
    const ask = dns.resolver('o.test', THREE);
    await ask();
    await ask();
    expect(order(dns.asked)).toBe('122');
    down = false;
    await dns.clock.advanceAsync(30_000);
    await ask();
    expect(order(dns.asked)).toBe('1221');
  });

  it('are asked in turn when told so, by the options or by the system', async () => {
    const dns = scriptedDns(good);
    const ask = dns.resolver('o.test', { ...THREE, rotate: true });
    for (let i = 0; i < 4; i++) await ask();
    expect(order(dns.asked)).toBe('1231');
    const system = scriptedDns(good, { conf: 'nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate' });
    const askSystem = system.resolver('o.test', { family: 4 });
    for (let i = 0; i < 3; i++) await askSystem();
    expect(order(system.asked)).toBe('121');
  });

  it('have the patience that the system says, unless the options do', async () => {
    const conf = 'nameserver 10.0.0.1\noptions timeout:3 attempts:1';
    const dns = scriptedDns(() => 'silence', { conf });
    await expect(dns.ask('o.test', { family: 4 })).rejects.toThrow(
      'ETIMEOUT: A o.test: 10.0.0.1: no answer within 3000 ms',
    );
    await expect(dns.ask('o.test', { family: 4, timeoutMs: 50, tries: 3 })).rejects.toThrow(
      'no answer within 50 ms (3 times)',
    );
    const silent = scriptedDns(() => 'silence', { conf: 'nameserver 10.0.0.1' });
    await expect(silent.ask('o.test', { family: 4 })).rejects.toThrow('no answer within 1000 ms (2 times)');
  });
});

describe('the order of servers', () => {
  it('always has every server once, whoever was silent when', () => {
    const servers = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(nameServer);
    const event = fc.record({
      silent: fc.boolean(),
      who: fc.nat(3),
      afterMs: fc.integer({ min: 1, max: 40_000 }),
      rotate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const clock = createFakeClock();
        const known = createServerOrder();
        for (const { silent, who, afterMs, rotate } of events) {
          clock.advance(afterMs);
          const server = servers[who] as (typeof servers)[number];
          if (silent) known.silent(server, clock);
          else known.answered(server);
          const next = known.next(servers, rotate, clock);
          expect([...next].sort((x, y) => (x.label < y.label ? -1 : 1))).toEqual(servers);
          if (silent) expect(next.at(-1)).toBe(server);
        }
      }),
    );
  });
});

describe('an answer that was not asked for', () => {
  it.each<[string, (asked: Asked) => Response]>([
    ['another id', (asked) => ({ ...good(asked, '10.6.6.6'), forged: { id: asked.id ^ 1 } })],
    ['another name', () => ({ ...good({ name: 'p.test' }, '10.6.6.6'), forged: { name: 'p.test' } })],
    ['another type', (asked) => ({ ...good(asked, '10.6.6.6'), forged: { type: 'TXT' } })],
    ['no response at all', (asked) => Buffer.from(encodeReply(asked, good(asked, '10.6.6.6'))).fill(0x01, 2, 3)],
    ['nothing readable', () => Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['nothing', () => Buffer.alloc(0)],
  ])('is passed over: %s', async (_, forged) => {
    const dns = scriptedDns((asked) => [forged(asked), forged(asked), good(asked)]);
    expect(hostsOf(await dns.ask('o.test', { family: 4 }))).toEqual(['10.1.0.1']);
    const alone = scriptedDns(forged);
    await expect(alone.ask('o.test', { family: 4, tries: 1 })).rejects.toThrow(
      'ETIMEOUT: A o.test: 10.0.0.2: no answer within 1000 ms, but 1 that answer another question',
    );
  });

  it('cannot be guessed: every packet has an id of its own from a source that is not seeded', async () => {
    const { DNS_DEPENDENCIES } = await import('../../../../src/control/resolvers/dns/dns-prober.js');
    const ids = Array.from({ length: 2_000 }, () => DNS_DEPENDENCIES.newId());
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ids)).toBeLessThan(0x1_0000);
    // 2000 of 65536: about 30 pairs alike by chance (n²/2m), and a standard deviation of 5.5.
    expect(new Set(ids).size).toBeGreaterThan(1_900);
  });
});

describe('an answer that cannot be read', () => {
  it('is a failure to ask, and leads to the next server', async () => {
    const damaged = (asked: Asked): Buffer => encodeReply(asked, good(asked)).subarray(0, -2);
    const dns = scriptedDns((asked) => (asked.server === '10.0.0.1' ? damaged(asked) : good(asked)));
    expect(hostsOf(await dns.ask('o.test', THREE))).toEqual(['10.1.0.1']);
    const alone = scriptedDns(damaged);
    await expect(alone.ask('o.test', { family: 4 })).rejects.toThrow(
      'EBADRESP: A o.test: 10.0.0.2: a malformed answer: the data of a record is cut off',
    );
  });

  it('never ends in anything but an answer or an error of ours, whatever the bytes', async () => {
    const index = fc.nat(200);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(index, fc.nat(255)), { maxLength: 6 }),
        fc.option(index),
        async (edits, cut) => {
          const dns = scriptedDns((asked) => {
            const bytes = encodeReply(asked, { answers: [a(asked.name, '10.1.0.1'), a(asked.name, '10.1.0.2')] });
            for (const [at, value] of edits) bytes[at % bytes.length] = value;
            return cut === null ? bytes : bytes.subarray(0, cut);
          });
          try {
            for (const host of hostsOf(await dns.ask('o.test', { family: 4 }))) expect(host).toMatch(/^[\d.]+$/);
          } catch (error) {
            expect(error).toMatchObject({ name: 'DnsError' });
          }
          expect(dns.open()).toBe(0);
          expect(dns.clock.pendingTimers).toBe(0);
        },
      ),
    );
  });
});

describe('an answer that does not fit', () => {
  const truncated = { truncated: true, answers: [a('o.test', '10.1.0.1')] };
  const whole = { answers: [a('o.test', '10.1.0.1'), a('o.test', '10.1.0.2')] };

  it('is asked for again over TCP, under another id', async () => {
    const dns = scriptedDns(({ protocol }) => (protocol === 'udp' ? truncated : whole));
    expect(hostsOf(await dns.ask('o.test', { family: 4 }))).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(dns.asked.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp']);
    expect(new Set(dns.asked.map(({ id }) => id)).size).toBe(2);
  });

  it.each<[string, Response, string]>([
    [
      'refused',
      { code: 'ECONNREFUSED' },
      'ECONNREFUSED: A o.test: 10.0.0.2: the answer was truncated, and over TCP: connect ECONNREFUSED',
    ],
    [
      'silent',
      'silence',
      'ETIMEOUT: A o.test: 10.0.0.2: the answer was truncated, and over TCP: no answer within 1000 ms',
    ],
    [
      'truncated as well',
      truncated,
      'EBADRESP: A o.test: 10.0.0.2: the answer was truncated, and over TCP: truncated again',
    ],
    [
      'answering another question',
      { forged: { id: 0xffff } },
      'EBADRESP: A o.test: 10.0.0.2: the answer was truncated, and over TCP: answered another question',
    ],
  ])('is no answer when TCP is %s: a part of the list must not pass for the whole', async (_, response, message) => {
    const dns = scriptedDns(({ protocol }) => (protocol === 'udp' ? truncated : response));
    await expect(dns.ask('o.test', { family: 4, tries: 1 })).rejects.toThrow(message);
  });
});

describe('a server that does not know EDNS', () => {
  it.each([['FORMERR', 1], ['NOTIMP', 4]])('and says %s is asked without', async (_, rcode) => {
    const dns = scriptedDns((asked) => (asked.edns ? { rcode } : good(asked)));
    expect(hostsOf(await dns.ask('o.test', { family: 4 }))).toEqual(['10.1.0.1']);
    expect(dns.asked.map(({ edns }) => edns)).toEqual([true, false]);
    const always = scriptedDns(() => ({ rcode }));
    await expect(always.ask('o.test', { family: 4 })).rejects.toMatchObject({ code: rcode === 1 ? 'EFORMERR' : 'ENOTIMP' });
  }); // prettier-ignore

  it('is told from one that fails in ways unheard of', async () => {
    const dns = scriptedDns(() => ({ rcode: 9 }));
    await expect(dns.ask('o.test', { family: 4 })).rejects.toThrow('ESERVFAIL: A o.test: 10.0.0.2: response code 9');
  });
});

describe('the defaults', () => {
  it('are one second and two tries for servers of its own, and nothing that the system says', async () => {
    const conf = 'search corp\nnameserver 10.0.0.2\noptions timeout:9 attempts:5 rotate ndots:9';
    const dns = scriptedDns(() => 'silence', { conf });
    await expect(dns.ask('o', THREE)).rejects.toThrow('10.0.0.1: no answer within 1000 ms (2 times)');
    expect(order(dns.asked)).toBe('123123');
    expect(new Set(dns.asked.map(({ name }) => name))).toEqual(new Set(['o']));
  });

  it('of a union are three times to live, half a minute at least and ten minutes at most', async () => {
    const life = async (ttl: number): Promise<number> => {
      let answers = [a('o.test', '10.1.0.1', ttl)];
      const dns = scriptedDns(() => ({ answers }));
      const ask = dns.resolver('o.test', { union: {}, family: 4 });
      await ask();
      const startedAtMs = dns.clock.now();
      answers = [a('o.test', '10.1.0.2', ttl)];
      while (hostsOf(await ask()).length === 2) await dns.clock.advanceAsync(900);
      return dns.clock.now() - startedAtMs;
    };
    // Looked at once a second.
    expect(Math.abs((await life(0)) - 30_000)).toBeLessThanOrEqual(1_000);
    expect(Math.abs((await life(20)) - 60_000)).toBeLessThanOrEqual(1_000);
    expect(Math.abs((await life(3_600)) - 600_000)).toBeLessThanOrEqual(1_000);
  });
});

describe('a question that nobody wants answered any more', () => {
  it('ends at once, and leaves nothing open', async () => {
    const dns = scriptedDns(() => 'silence');
    const controller = new AbortController();
    const asking = dnsResolverWith(dns.dependencies, 'o.test').resolve({
      signal: controller.signal,
      clock: dns.clock,
    } as never);
    const ended = expect(asking).rejects.toMatchObject({ code: 'ECANCELLED' });
    await dns.clock.advanceAsync(10);
    expect(dns.open()).toBe(2);
    controller.abort();
    await ended;
    expect(dns.open()).toBe(0);
    expect(dns.clock.pendingTimers).toBe(0);
  });

  it('is not even sent when the signal has aborted before', async () => {
    const dns = scriptedDns(good);
    const asking = dnsResolverWith(dns.dependencies, 'o.test').resolve({
      signal: AbortSignal.abort(),
      clock: dns.clock,
    } as never);
    await expect(asking).rejects.toMatchObject({ code: 'ECANCELLED' });
    expect(dns.asked).toEqual([]);
  });
});

describe('a network that cannot even make a socket', () => {
  it('is a failure to ask', async () => {
    const dns = scriptedDns(good);
    const udp = (): never => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    };
    const dependencies = { ...dns.dependencies, transport: { udp, tcp: udp } };
    const asking = dnsResolverWith(dependencies, 'o.test', { family: 4 }).resolve({
      signal: new AbortController().signal,
    });
    await expect(asking).rejects.toMatchObject({ code: 'EMFILE' });
  });
});

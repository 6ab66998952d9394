import { describe, expect, it } from '@jest/globals';

import { registrySettings } from '../../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import { createCertificateAuthority } from '../../support/certificates.js';
import { askProber, fakeFetch, groups, json } from './fake-registry.js';

describe('the options of registryResolver', () => {
  it('have these defaults', () => {
    expect(registrySettings({ url: 'http://registry/orders' })).toEqual({
      urls: [new URL('http://registry/orders')],
      headers: {},
      parse: undefined,
      map: undefined,
      ttlMs: 10_000,
      timeoutMs: 5_000,
      maxBytes: 5_242_880,
      maxDepth: 64,
      maxEndpoints: 10_000,
      longPoll: undefined,
      sse: undefined,
      tls: undefined,
      fetch: undefined,
    });
    const longPoll = {
      style: 'index',
      waitMs: 60_000,
      indexParameter: 'index',
      waitParameter: 'wait',
      indexHeader: 'x-index',
    };
    const sse = { event: 'message', idleTimeoutMs: 45_000, maxAgeMs: 300_000 };
    for (const on of [true, {}]) {
      expect(registrySettings({ url: 'http://r', longPoll: on }).longPoll).toEqual(longPoll);
      expect(registrySettings({ url: 'http://r', sse: on }).sse).toEqual(sse);
    }
    expect(registrySettings({ url: 'http://r', longPoll: { waitMs: 2_000 }, sse: false })).toMatchObject({
      longPoll: { ...longPoll, waitMs: 2_000 },
      sse: undefined,
    });
  });

  it.each<[unknown, RegExp]>([
    [{}, /registryResolver\.url: is required/],
    [{ url: 'registry:8500' }, /registryResolver\.url: must be http or https/],
    [{ url: 'http//x' }, /registryResolver\.url: must be a URL/],
    [{ url: 7 }, /registryResolver\.url: must be an array or a URL/],
    [{ url: [] }, /registryResolver\.url: needs at least one URL/],
    [{ url: ['http://a', 'ftp://b'] }, /registryResolver\.url\[1\]: must be http or https/],
    [{ url: ['http://a', 'http://a/'] }, /registryResolver\.url: names the same URL twice/],
    [{ url: 'http://user:hunter2@registry/' }, /^(?!.*hunter2).*must hold no user or password/],
    [{ url: 'http://r', timeout: 1 }, /registryResolver\.timeout: unknown option.*timeoutMs/],
    [{ url: 'http://r', ttlMs: 0 }, /registryResolver\.ttlMs: must be milliseconds from 100/],
    [{ url: 'http://r', maxDepth: 0 }, /registryResolver\.maxDepth: must be an integer from 1 to 1000/],
    [{ url: 'http://r', maxEndpoints: 10_001 }, /registryResolver\.maxEndpoints: must be an integer from 1 to 10000/],
    [{ url: 'http://r', map: 'x' }, /registryResolver\.map: must be a function/],
    [{ url: 'http://r', longPoll: { waitMs: 1 } }, /registryResolver\.longPoll\.waitMs/],
    [{ url: 'http://r', longPoll: { indexHeader: 'a b' } }, /registryResolver\.longPoll\.indexHeader/],
    [{ url: 'http://r', longPoll: { style: 'perfer' } }, /longPoll\.style: must be .*did you mean 'prefer'/],
    [{ url: 'http://r', longPoll: { style: 'prefer', waitMs: 1_500 } }, /longPoll\.waitMs: must be whole seconds/],
    [{ url: 'http://r', longPoll: { style: 'prefer', indexHeader: 'x' } }, /longPoll\.indexHeader: has no effect/],
    [{ url: 'http://r', longPoll: 1 }, /registryResolver\.longPoll: must be an object or true or false/],
    [{ url: 'http://r', sse: { idleTimeout: 1 } }, /registryResolver\.sse\.idleTimeout: unknown.*idleTimeoutMs/],
    [{ url: 'http://r', sse: { idleTimeoutMs: 10 } }, /registryResolver\.sse\.idleTimeoutMs/],
    [{ url: 'http://r', sse: { maxAgeMs: 10 } }, /registryResolver\.sse\.maxAgeMs/],
    [{ url: 'http://r', sse: { event: 'a\nb' } }, /registryResolver\.sse\.event: must be a type of one line/],
    [{ url: 'http://r', sse: true, longPoll: true }, /registryResolver\.sse: cannot be combined with longPoll/],
    [{ url: 'http://r', tls: {} }, /registryResolver\.tls: has no effect without an https URL/],
    [{ url: 'https://r', tls: {}, fetch }, /registryResolver\.tls: cannot be combined with fetch/],
    [{ url: 'https://r', tls: { cert: 'no PEM' } }, /registryResolver\.tls: .*PEM/],
    [{ url: 'https://r', tls: { rejectUnauthorized: false } }, /registryResolver\.tls\.rejectUnauthorized: unknown/],
  ])('refuses %j', (options, message) => {
    expect(() => registryResolver(options as never)).toThrow(message);
  });

  it('refuses a key that does not belong to the certificate', async () => {
    const ca = await createCertificateAuthority();
    const [one, other] = await Promise.all([ca.issue('one'), ca.issue('other')]);
    const tls = { ca: ca.cert, cert: one.cert, key: other.key };
    expect(() => registryResolver({ url: 'https://r', tls })).toThrow(/registryResolver\.tls: /);
    expect(() => registryResolver({ url: 'https://r', tls: { ...tls, key: one.key } })).not.toThrow();
  });

  it('are copied', () => {
    const url = ['http://a/'];
    const settings = registrySettings({ url });
    url.push('http://b/');
    expect(settings.urls).toHaveLength(1);
  });
});

describe('parse and map', () => {
  interface Node {
    readonly ip: string;
    readonly port: number;
    readonly up: boolean;
  }
  const nodes: Node[] = [
    { ip: 'a', port: 1, up: true },
    { ip: 'b', port: 2, up: false },
  ];
  const url = 'http://registry/';
  const upOnly = ({ ip, port, up }: Node): { host: string; port: number } | undefined =>
    up ? { host: ip, port } : undefined;

  it('makes an endpoint of each entry of the body, and leaves out what map leaves out', async () => {
    const { fetch } = fakeFetch(() => json(nodes));
    expect(await askProber(registryResolver({ url, fetch, map: upOnly }))).toMatchObject({
      endpoints: [{ host: 'a', port: 1 }],
    });
  });

  it('maps what parse finds', async () => {
    const { fetch } = fakeFetch(() => json({ nodes }, { 'x-up': 'yes' }));
    const resolver = registryResolver({
      url,
      fetch,
      parse: (body, { headers }) => (headers.get('x-up') === 'yes' ? (body as { nodes: Node[] }).nodes : []),
      map: upOnly,
    });
    expect((await askProber(resolver)).endpoints).toEqual([{ host: 'a', port: 1 }]);
  });

  it('are checked by the compiler: what is no endpoint needs map', () => {
    // @ts-expect-error no endpoint has an ip
    registryResolver({ url, parse: () => [{ ip: 'a' }] });
    // @ts-expect-error map is for what parse gives
    registryResolver({ url, parse: () => [{ ip: 7 }], map: ({ ip }: { ip: string }) => ip });
    expect(registryResolver({ url, parse: () => [{ ip: 'a' }], map: ({ ip }) => ip })).toMatchObject({
      kind: 'registry',
    });
  });

  it('could not ask when there are no entries, too many, or a function throws', async () => {
    const ask = (options: object): Promise<unknown> => {
      const { fetch } = fakeFetch(() => json(nodes));
      return askProber(registryResolver({ url, fetch, ...options }));
    };
    await expect(ask({ parse: () => undefined as never })).rejects.toThrow('what parse gave is no array');
    await expect(ask({ map: upOnly, parse: () => 'ab' as never })).rejects.toThrow('what parse gave is no array');
    await expect(ask({ map: upOnly, maxEndpoints: 1 })).rejects.toThrow('the answer has 2 endpoints, more than 1');
    const mapped: unknown[] = [];
    const broken = {
      map: (entry: unknown) => {
        mapped.push(entry);
        throw new Error('no such field');
      },
    };
    await expect(ask(broken)).rejects.toThrow('GET http://registry/: no such field');
    expect(mapped).toHaveLength(1);
    const { fetch } = fakeFetch(() => json({ nodes }));
    await expect(askProber(registryResolver({ url, fetch, map: upOnly }))).rejects.toThrow('the body is no array');
  });

  it('counts the endpoints of the Prometheus format, too', async () => {
    const { fetch } = fakeFetch(() => json(groups('a:1', 'b:1', 'c:1')));
    await expect(askProber(registryResolver({ url, fetch, maxEndpoints: 2 }))).rejects.toThrow(
      '3 endpoints, more than 2',
    );
    expect((await askProber(registryResolver({ url, fetch, maxEndpoints: 3 }))).endpoints).toHaveLength(3);
  });

  it('bounds the depth of a body', async () => {
    const { fetch } = fakeFetch(() => json([[[]]]));
    const map = (): undefined => undefined;
    await expect(askProber(registryResolver({ url, fetch, map, maxDepth: 2 }))).rejects.toThrow('deeper than 2 levels');
    expect((await askProber(registryResolver({ url, fetch, map, maxDepth: 3 }))).endpoints).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';

import { etcdSettings, type EtcdResolverOptions } from '../../../../src/control/resolvers/etcd/etcd-options.js';
import { parseValue } from '../../../../src/control/resolvers/etcd/parse-value.js';
import { createCertificateAuthority } from '../../../support/certificates.js';

const parse = (options: unknown) => etcdSettings(options as EtcdResolverOptions);
const given = (more: object): unknown => ({ prefix: '/s/', ...more });

describe('the options of etcdResolver', () => {
  it('have these defaults', () => {
    const { urls, fetch, ...settings } = parse({ prefix: '/s/' });
    expect(urls.map(String)).toEqual(['http://127.0.0.1:2379/']);
    expect(fetch).not.toBe(globalThis.fetch);
    expect(settings).toEqual({
      prefix: '/s/',
      parse: parseValue,
      auth: undefined,
      serializable: false,
      checkMs: 10_000,
      timeoutMs: 3_000,
      maxBytes: 20_971_520,
    });
  });

  it('are taken as they are', () => {
    const auth = { username: 'u', password: () => 'p' };
    const options = { serializable: true, checkMs: 100, timeoutMs: 1, maxBytes: 1, fetch: globalThis.fetch, auth };
    const { urls, ...settings } = parse(given({ ...options, url: ['http://a:1/x/', new URL('https://b:2')] }));
    expect(settings).toMatchObject(options);
    expect(urls.map(String)).toEqual(['http://a:1/x/', 'https://b:2/']);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /etcdResolver: must be an object/],
    [{}, /etcdResolver\.prefix: is required/],
    [{ prefix: '' }, /etcdResolver\.prefix: must be a non-empty string/],
    [given({ urls: ['http://a'] }), /etcdResolver\.urls.*unknown.*url/],
    [given({ url: [] }), /etcdResolver\.url: must hold at least one address/],
    [given({ url: ['http://a:1', 'http://a:1'] }), /etcdResolver\.url: names an address twice/],
    [given({ url: 'a:1' }), /etcdResolver\.url: must be http or https/],
    [given({ url: ['http://a:1', 'http://b:1?x=1'] }), /etcdResolver\.url\[1\]: must hold no query/],
    [given({ auth: { username: 'u' } }), /etcdResolver\.auth\.password: is required/],
    [given({ auth: { username: 'u', password: '' } }), /etcdResolver\.auth\.password: must be/],
    [given({ checkMs: 99 }), /etcdResolver\.checkMs: must be milliseconds from 100 to 600000, got 99/],
    [given({ timeoutMs: 0 }), /etcdResolver\.timeoutMs: must be milliseconds from 1 to 600000/],
    [given({ timeoutMs: NaN }), /etcdResolver\.timeoutMs/],
    [given({ maxBytes: 2 ** 31 }), /etcdResolver\.maxBytes: must be an integer from 1 to 1073741824/],
    [given({ parse: 'json' }), /etcdResolver\.parse: must be a function/],
    [given({ serializable: 1 }), /etcdResolver\.serializable: must be true or false/],
    [given({ url: 'https://a', tls: {}, fetch: globalThis.fetch }), /etcdResolver\.tls: has no effect on a fetch/],
    [given({ tls: {} }), /etcdResolver\.tls: has no effect without an https address/],
    [given({ url: 'https://a', tls: { ca: 'no PEM', key: 'hunter2' } }), /etcdResolver\.tls: /],
  ])('are refused when they are wrong: %j', (options, message) => {
    expect(() => parse(options)).toThrow(message);
  });

  it('take key material, and repeat no secret', async () => {
    const { cert, key } = await (await createCertificateAuthority()).issue('etcd.internal');
    expect(() => parse(given({ url: 'https://a', tls: { ca: cert, cert, key } }))).not.toThrow();
    for (const options of [{ url: 'http://u:hunter2@a' }, { auth: { username: 'u', password: ['hunter2'] } }]) {
      expect(() => parse(given(options))).toThrow(expect.not.objectContaining({ message: /hunter2/ }));
      try {
        parse(given(options));
      } catch (error) {
        expect((error as Error).message).not.toContain('hunter2');
      }
    }
  });
});

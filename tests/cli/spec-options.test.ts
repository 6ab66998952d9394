import { describe, expect, it } from '@jest/globals';

import { publicSpec, specOptions, splitQuery, substituted } from '../../src/cli/spec-options.js';

const sources = {
  env: { TOKEN: 's3cret', EMPTY: '' },
  readFile: (path: string): string => {
    if (path !== '/ca.pem') throw new Error(`ENOENT: ${path}`);
    return 'PEM\n';
  },
};

describe('the options of a spec', () => {
  it.each([
    ['', {}],
    ['dc=a', { dc: 'a' }],
    ['passing=false&cached=true', { passing: false, cached: true }],
    ['waitMs=5000&maxBytes=10', { waitMs: 5_000, maxBytes: 10 }],
    ['waitMs=soon', { waitMs: 'soon' }],
    ['service=42', { service: '42' }],
    ['port=80', { port: 80 }],
    ['tags=blue', { tags: ['blue'] }],
    ['url=a&url=b', { url: ['a', 'b'] }],
    ['filter=A+%3D%3D+%22b%22', { filter: 'A == "b"' }],
    ['token=$TOKEN', { token: 's3cret' }],
    ['token=$TOKEN.', { token: '$TOKEN.' }],
    ['tls.ca=@/ca.pem&tls.serverName=x', { tls: { ca: 'PEM', serverName: 'x' } }],
    ['__proto__.polluted=1', { ['__proto__']: { polluted: '1' } }],
  ])('reads %j', (query, expected) => {
    const options = specOptions(query, sources, { lists: ['tags'], numbers: ['port'] });
    expect(JSON.stringify(options)).toBe(JSON.stringify(expected));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('says which variable or file is not there', () => {
    expect(() => specOptions('token=$NOPE', sources)).toThrow('token: the environment variable NOPE is not set');
    expect(() => specOptions('ca=@/nope', sources)).toThrow('ENOENT: /nope');
    expect(substituted('x', '$EMPTY', sources)).toBe('');
  });

  it.each([
    ['consul:orders?token=s3cret', 'consul:orders'],
    ['https://user:s3cret@registry/v1?token=s3cret', 'https://registry/v1'],
    ['env:orders', 'env:orders'],
  ])('of %s are not printed', (spec, printed) => {
    expect(publicSpec(spec)).toBe(printed);
  });

  it('begin at the first question mark', () => {
    expect(splitQuery('orders?a=b?c')).toEqual(['orders', 'a=b?c']);
    expect(splitQuery('orders')).toEqual(['orders', '']);
  });
});

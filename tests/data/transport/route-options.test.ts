import { describe, expect, it } from '@jest/globals';
import { routeOptions } from '../../../src/data/transport/route-options.js';

const target = { origin: 'http://10.0.0.7:8080', basePath: '', host: 'orders' };
const route = (headers: unknown) =>
  routeOptions({ origin: 'http://orders', path: '/a', method: 'GET', headers }, target);

describe('routeOptions', () => {
  it('replaces the origin, puts the base path before the path and keeps everything else', () => {
    const body = Buffer.from('x');
    const options = { origin: 'http://orders', path: '/a?b=1', method: 'PUT', body, bodyTimeout: 5, reset: true };
    expect(routeOptions(options, { ...target, basePath: '/api' })).toEqual({
      ...options,
      origin: 'http://10.0.0.7:8080',
      path: '/api/a?b=1',
      headersTimeout: 0,
      headers: { host: 'orders' },
    });
  });

  it('leaves the options and headers of the caller as they are', () => {
    const options = Object.freeze({ path: '/a', method: 'GET', headers: Object.freeze({ accept: '*/*' }) });
    routeOptions(options, target);
    expect(options).toEqual({ path: '/a', method: 'GET', headers: { accept: '*/*' } });
  });

  it.each([
    ['nothing', undefined, { host: 'orders' }],
    ['null', null, { host: 'orders' }],
    ['an object', { accept: 'x' }, { host: 'orders', accept: 'x' }],
    ['a flat array', ['accept', 'x'], ['host', 'orders', 'accept', 'x']],
    ['an empty array', [], ['host', 'orders']],
    ['pairs', [['accept', 'x']], ['host', 'orders', 'accept', 'x']],
    ['a Map', new Map([['accept', 'x']]), ['host', 'orders', 'accept', 'x']],
    ['Headers', new Headers({ accept: 'x' }), ['host', 'orders', 'accept', 'x']],
  ])('adds the logical host to %s', (_form, headers, expected) => {
    expect(route(headers).headers).toEqual(expected);
  });

  it.each([
    ['an object', { Host: 'mine' }],
    ['a flat array', ['accept', 'x', 'HOST', 'mine']],
  ])('keeps a host that the caller gave in %s', (_form, headers) => {
    expect(route(headers).headers).toBe(headers);
  });

  it.each([
    ['pairs', [['host', 'mine']]],
    ['a Map', new Map([['host', 'mine']])],
    ['Headers', new Headers({ host: 'mine' })],
  ])('keeps a host that the caller gave in %s, as a flat array', (_form, headers) => {
    expect(route(headers).headers).toEqual(['host', 'mine']);
  });

  it('does not mistake a value for a name', () => {
    expect(route(['x-forward', 'host']).headers).toEqual(['host', 'orders', 'x-forward', 'host']);
  });
});

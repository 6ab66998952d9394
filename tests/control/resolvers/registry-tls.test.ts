import { describe, expect, it } from '@jest/globals';

import { registryTls } from '../../../src/control/resolvers/registry-tls.js';

const parse = (value: unknown): unknown => registryTls().parse(value, 'tls');

describe('registryTls', () => {
  it('takes PEM as text, as a buffer, and several of either', () => {
    const given = { ca: ['A', Buffer.from('B')], cert: 'C', key: Buffer.from('K'), serverName: 'consul.internal' };
    expect(parse(given)).toEqual(given);
    expect(parse({})).toEqual({});
  });

  it.each<[unknown, RegExp]>([
    [{ ca: 5 }, /tls\.ca/],
    [{ ca: [new Uint8Array(3)] }, /tls\.ca/],
    [{ key: {} }, /tls\.key/],
    [{ servername: 'x' }, /servername.*serverName/s],
    [{ rejectUnauthorized: false }, /rejectUnauthorized/],
  ])('refuses %j, by name', (given, message) => {
    expect(() => parse(given)).toThrow(message);
  });

  it('repeats no key in its messages', () => {
    const key = '-----BEGIN PRIVATE KEY----- hunter2';
    for (const given of [{ key: [key, 5] }, { key: { pem: key } }, { cert: [[key]] }]) {
      let message = '';
      try {
        parse(given);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/tls\.(key|cert)/);
      expect(message).not.toContain('hunter2');
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isConnectError } from '../../src/data/transport/connect-error.js';

describe('isConnectError', () => {
  it.each([
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EHOSTDOWN',
    'EADDRNOTAVAIL',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('%s proves that nothing was sent', (code) => {
    expect(isConnectError(Object.assign(new Error('x'), { code }))).toBe(true);
  });

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT', 7])(
    '%s does not',
    (code) => {
      expect(isConnectError({ code })).toBe(false);
    },
  );

  it('any error of the system call connect does', () => {
    expect(isConnectError({ code: 'ETIMEDOUT', syscall: 'connect' })).toBe(true);
    expect(isConnectError({ code: 'ETIMEDOUT', syscall: 'read' })).toBe(false);
    expect(isConnectError({ syscall: 'connect' })).toBe(false);
  });

  it('several addresses prove it only when all of them failed to connect', () => {
    const refused = { code: 'ECONNREFUSED' };
    expect(isConnectError({ code: 'ECONNREFUSED', errors: [refused, { code: 'ETIMEDOUT', syscall: 'connect' }] })).toBe(
      true,
    );
    expect(isConnectError({ code: 'ECONNREFUSED', errors: [refused, { code: 'ECONNRESET' }] })).toBe(false);
    expect(isConnectError({ code: 'ECONNREFUSED', errors: [] })).toBe(true);
    expect(isConnectError({ errors: [{ errors: [refused] }] })).toBe(true);
  });

  it('what is no error does not', () => {
    fc.assert(
      fc.property(fc.anything({ withObjectString: false }), (value) => {
        expect(isConnectError(value)).toBe(false);
      }),
    );
    expect(isConnectError(null)).toBe(false);
    expect(isConnectError('ECONNREFUSED')).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';

import { handshakeError } from '../../../src/data/transport/tls-error.js';
import { isUnprocessed } from '../../../src/data/transport/unprocessed.js';

const failure = (code: string, message = 'oops'): Error => Object.assign(new Error(message), { code });

describe('handshakeError', () => {
  it('names address, name and reason, and keeps the code', () => {
    const cause = failure('CERT_HAS_EXPIRED', 'certificate has expired');
    expect(handshakeError(cause, { address: '10.0.0.7:443', serverName: 'orders.internal' })).toMatchObject({
      message: 'TLS with 10.0.0.7:443 for orders.internal failed: certificate has expired',
      code: 'CERT_HAS_EXPIRED',
      cause,
    });
  });

  it('names the address alone when there is no other name', () => {
    const { message } = handshakeError(failure('X'), { address: '[::1]:443', serverName: undefined });
    expect(message).toBe('TLS with [::1]:443 failed: oops');
  });
});

describe('isUnprocessed', () => {
  it.each([
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', true],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', true],
    // These may come at any time.
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', false],
    ['ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', false],
    ['ECONNRESET', false],
    ['UND_ERR_SOCKET', false],
  ])('says of %s: %s', (code, unprocessed) => {
    expect(isUnprocessed(failure(code))).toBe(unprocessed);
  });

  it('says no to what is no error', () => {
    for (const value of [undefined, null, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', {}])
      expect(isUnprocessed(value)).toBe(false);
  });
});

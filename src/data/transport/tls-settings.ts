/** TLS towards endpoints: whom to trust, whom to be, and for which name. */

import type { Pem } from '../../kit/pem.js';

export interface TlsSettings {
  /** Trusted instead of the well-known authorities. PEM. */
  readonly ca?: Pem;
  /** The client's certificate chain and its private key, for mutual TLS. PEM. */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** Certificate and key in one, PKCS #12, in place of `cert` and `key`. */
  readonly pfx?: Buffer;
  /** Of `key` or `pfx`, when they are encrypted. */
  readonly passphrase?: string;
  /** Path of a file in place of `ca`, `cert`, `key` or `pfx`. Files are read again while the client runs. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly pfxFile?: string;
  /**
   * How often the files are read again. New connections use what is new; those that are open end after the request that
   * they carry. What cannot be used is reported by a `tlsReload` event, and the old material stays.
   * Milliseconds, 100–86 400 000. @default 10 000
   */
  readonly reloadIntervalMs?: number;
  /**
   * The name that certificates must be for, and that servers are told (SNI). An endpoint's own `hostname` goes first.
   * @default the logical name of the URL
   */
  readonly serverName?: string;
  /** Oldest version of the protocol that is spoken. @default 'TLSv1.2' (RFC 9325 §3.1.1) */
  readonly minVersion?: TlsVersion;
  /**
   * Talks to whoever answers: certificates are not looked at, so anybody on the way may read and change everything. For
   * tests on one machine; a `warning` event says that it is on. @default false
   */
  readonly dangerouslySkipVerification?: boolean;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

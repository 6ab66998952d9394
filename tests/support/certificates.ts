/** A certificate authority in memory, for servers and clients that trust nobody else. */

import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** PEM texts. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateAuthority {
  /** What clients trust. */
  readonly cert: string;
  /** A certificate for these DNS names and IP addresses, for servers and clients alike; the first is its common name. */
  issue(...names: readonly string[]): Promise<Certificate>;
}

// RSA because its elliptic alternative takes no other curve for CA and leaf; 2048 bits is the least that OpenSSL's default security level takes.
const keys = { keyType: 'rsa', keySize: 2048, algorithm: 'sha256' } as const;

export async function createCertificateAuthority(name: string = 'Fairlead test CA'): Promise<CertificateAuthority> {
  const authority = await generate([{ name: 'commonName', value: name }], {
    ...keys,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    cert: authority.cert,
    async issue(...names) {
      const altNames = names.map((altName) =>
        isIP(altName) === 0 ? ({ type: 2, value: altName } as const) : ({ type: 7, ip: altName } as const),
      );
      const leaf = await generate([{ name: 'commonName', value: names[0] ?? 'nobody' }], {
        ...keys,
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          { name: 'subjectAltName', altNames },
        ],
      });
      return { key: leaf.private, cert: leaf.cert };
    },
  };
}

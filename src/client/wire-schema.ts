/** Which options connections and TLS take, and within what bounds. */

import { isValidHost } from '../kit/host-syntax.js';
import { invalidOption } from '../kit/option-error.js';
import { arrayOf, object, offOr, union } from '../kit/option-structures.js';
import { any, boolean, durationMs, number, oneOf, secret, string, unshown, type Schema } from '../kit/option-schema.js';
import type { TlsOptions, TransportOptions } from './options.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export const transport: Schema<TransportOptions> = object<TransportOptions>({
  connectTimeoutMs: durationMs(1, HOUR_MS),
  maxConnections: number({ min: 1, max: 65_535, integer: true }),
  keepAliveTimeoutMs: durationMs(1, HOUR_MS),
  keepAliveMaxTimeoutMs: durationMs(1, HOUR_MS),
  maxConnectionAgeMs: offOr(durationMs(100, DAY_MS)),
  idlePoolTimeoutMs: durationMs(100, DAY_MS),
  http2: boolean(),
  prewarm: number({ min: 0, max: 1_000, integer: true }),
  family: oneOf([4, 6]),
});

const onePem: Schema<string | Buffer> = unshown(
  any('a PEM text or a buffer', (value) => typeof value === 'string' || ArrayBuffer.isView(value)),
);
const pem: Schema<NonNullable<TlsOptions['ca']>> = union(arrayOf(onePem), onePem);

export const tls: Schema<TlsOptions> = object<TlsOptions>({
  ca: pem,
  cert: pem,
  key: pem,
  pfx: unshown(any<Buffer>('a buffer', (value) => ArrayBuffer.isView(value))),
  passphrase: secret(),
  caFile: string(),
  certFile: string(),
  keyFile: string(),
  pfxFile: string(),
  reloadIntervalMs: durationMs(100, DAY_MS),
  serverName: string({ expected: 'a host name', accepts: isValidHost }),
  minVersion: oneOf(['TLSv1.2', 'TLSv1.3']),
  dangerouslySkipVerification: boolean(),
});

/** Options that exclude each other or make no sense alone. */
export function checkTls(options: TlsOptions | undefined, path: string): void {
  if (options === undefined) return;
  for (const name of ['ca', 'cert', 'key', 'pfx'] as const)
    if (options[name] !== undefined && options[`${name}File`] !== undefined)
      throw invalidOption(`${path}.${name}File`, `must not be given together with ${name}`);
  const cert = options.cert ?? options.certFile;
  const key = options.key ?? options.keyFile;
  const pfx = options.pfx ?? options.pfxFile;
  if ((cert === undefined) !== (key === undefined))
    throw invalidOption(path, 'cert and key must be given together: one is of no use without the other');
  if (pfx !== undefined && cert !== undefined)
    throw invalidOption(path, 'pfx must not be given together with cert and key');
  if (options.reloadIntervalMs !== undefined && FILES.every((name) => options[name] === undefined))
    throw invalidOption(`${path}.reloadIntervalMs`, 'has no effect without a file to read again');
}

const FILES = ['caFile', 'certFile', 'keyFile', 'pfxFile'] as const;

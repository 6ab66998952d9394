/** Key material for talking to a registry, as an option. */

import { any, string, type Schema } from '../../kit/option-schema.js';
import { arrayOf, object, union } from '../../kit/option-structures.js';
import type { RegistryTls } from './background-fetch.js';

export function registryTls(): Schema<RegistryTls> {
  const pem = union(
    string({ expected: 'PEM' }),
    any<Buffer>('a Buffer', (value) => Buffer.isBuffer(value)),
  );
  const pems = union(pem, arrayOf(pem));
  return object<RegistryTls>({ ca: pems, cert: pems, key: pems, serverName: string() });
}

/** A real etcd by https, which wants to see a certificate: its list, its pushes, its restarts, and what is refused. */

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import { etcdResolver, type EtcdResolverOptions } from '../../src/etcd.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/certificates.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startEtcd, type Etcd } from '../support/etcd.js';
import { untilFailing } from '../support/registry-outages.js';
import { underTrafficOf } from '../support/traffic.js';

// Keys take their time.
jest.setTimeout(60_000);

const PREFIX = '/services/orders/';

type Tls = NonNullable<EtcdResolverOptions['tls']>;

describeWithServer('etcd', 'etcd by https', () => {
  let authority: CertificateAuthority;
  let etcd: Etcd;
  let fleet: Fleet;

  beforeAll(async () => {
    authority = await createCertificateAuthority();
    const tls = { ca: authority.cert, ...(await authority.issue('etcd.test', '127.0.0.1')) };
    [etcd, fleet] = await Promise.all([startEtcd({ tls }), startFleet({ size: 2 })]);
  });
  afterAll(() => Promise.all([etcd.close(), fleet.close()]));

  const register = (port: number): Promise<void> => etcd.put(`${PREFIX}${port}`, `127.0.0.1:${port}`);
  const resolverWith = (tls: Tls): ReturnType<typeof etcdResolver> =>
    etcdResolver({ prefix: PREFIX, url: etcd.secureUrl!, tls, timeoutMs: 2_000 });

  it('is followed by who shows a certificate and knows its authority, through a restart', async () => {
    const [first, second] = fleet.servers.map(({ port }) => port) as [number, number];
    await register(first);
    const resolver = resolverWith({ ca: authority.cert, ...(await authority.issue('client')) });
    await underTrafficOf({ resolver }, async (traffic) => {
      await traffic.uses(first);
      await register(second);
      await traffic.uses(first, second);
      await etcd.kill();
      await untilFailing(traffic);
      await etcd.restart();
      await etcd.delete(`${PREFIX}${second}`);
      await traffic.uses(first);
      await traffic.goesOn();
    });
  });

  it.each<[string, (ca: string) => Tls, RegExp]>([
    ['shows no certificate', (ca) => ({ ca }), /certificate required|bad certificate|ECONNRESET|socket hang up|EPIPE/i],
    ['does not trust its authority', () => ({}), /certificate|self.signed|unable to verify/i],
    ['expects another name', (ca) => ({ ca, serverName: 'registry.test' }), /registry\.test/],
  ])('cannot be asked by a client that %s, and the error says so', async (_, tls, message) => {
    await using client = createClient({ services: { orders: { resolver: resolverWith(tls(authority.cert)) } } });
    await expect(client.ready(['orders'], { timeoutMs: 1_500 })).rejects.toThrow(message);
  });
});

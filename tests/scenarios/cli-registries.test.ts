/** `npx fairlead resolve` for the resolvers that have a subpath of their own, against real servers and doubles. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';

import { startConsul } from '../support/consul.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startEtcd } from '../support/etcd.js';
import { startEurekaServer } from '../support/eureka-server.js';
import { startKubernetesApi } from '../support/kubernetes-api/api-server.js';
import { apiSlice, pod } from '../support/kubernetes-api/slice-fixtures.js';
import { startNacosServer } from '../support/nacos-server.js';

jest.setTimeout(60_000);

const COMMAND = join(__dirname, '../../dist/cli.js');

interface Told {
  readonly code: number | null;
  readonly resolver: string;
  readonly status: string;
  readonly ids: readonly string[];
}

/** Runs the built command once, and reads its JSON. */
function resolve(spec: string, env: Record<string, string> = {}): Promise<Told> {
  return new Promise((tell, fail) => {
    const options = { env: { PATH: process.env['PATH'], ...env }, timeout: 30_000 };
    const child = execFile(process.execPath, [COMMAND, 'resolve', spec, '--json'], options, (_, out, err) => {
      try {
        const { resolver, status, endpoints } = JSON.parse(out) as {
          resolver: string;
          status: string;
          endpoints: readonly { id: string }[];
        };
        tell({ code: child.exitCode, resolver, status, ids: endpoints.map(({ id }) => id).sort() });
      } catch {
        fail(new Error(`${spec}: exit code ${child.exitCode}, ${out}${err}`));
      }
    });
  });
}

const found = (resolver: string, ...ids: string[]): Told => ({ code: 0, resolver, status: 'found', ids });

describeWithServer('consul', 'fairlead resolve consul:', () => {
  it('asks an agent, with options in the query', async () => {
    await using consul = await startConsul();
    await consul.register({ name: 'orders', id: '1', address: '10.0.0.1', port: 80, tags: ['blue'] });
    await consul.register({ name: 'orders', id: '2', address: '10.0.0.2', port: 80 });
    const [all, blue] = await Promise.all([
      resolve(`consul:orders?url=${consul.url}`),
      resolve(`consul:orders?url=${consul.url}&tags=blue`),
    ]);
    expect(all).toEqual(found('consul', 'http://10.0.0.1:80', 'http://10.0.0.2:80'));
    expect(blue).toEqual(found('consul', 'http://10.0.0.1:80'));
  });
});

describeWithServer('etcd', 'fairlead resolve etcd:', () => {
  it('reads the keys under a prefix', async () => {
    await using etcd = await startEtcd();
    await etcd.put('/services/orders/1', '10.0.0.1:80');
    await etcd.put('/services/other/1', '10.0.0.9:80');
    expect(await resolve(`etcd:/services/orders/?url=${etcd.url}`)).toEqual(found('etcd', 'http://10.0.0.1:80'));
  });
});

describe('fairlead resolve', () => {
  it('eureka: asks for an application', async () => {
    await using eureka = await startEurekaServer();
    await eureka.register('ORDERS', { port: 8_080, hostName: '10.0.0.1', ipAddr: '10.0.0.1' });
    expect(await resolve(`eureka:orders?url=${eureka.url}`)).toEqual(found('eureka', 'http://10.0.0.1:8080'));
  });

  it('nacos: asks for a service, with a password from the environment', async () => {
    await using nacos = await startNacosServer({ credentials: { username: 'ada', password: 'hunter2' } });
    await nacos.register('orders', { ip: '10.0.0.1', port: 8_080 });
    const spec = `nacos:orders?url=${nacos.url}&username=ada&password=$NACOS_PASSWORD`;
    expect(await resolve(spec, { NACOS_PASSWORD: 'hunter2' })).toEqual(found('nacos', 'http://10.0.0.1:8080'));
  });

  it('kubernetes: asks for a Service in its namespace, by the name of a port', async () => {
    await using api = await startKubernetesApi({ token: 's3cret-token' });
    await api.put(apiSlice({ name: 'orders-1', endpoints: [pod(1), pod(2)] }));
    const spec = `kubernetes:shop/orders:http?url=${api.url}&token=$KUBE_TOKEN`;
    const { ids, ...told } = await resolve(spec, { KUBE_TOKEN: 's3cret-token' });
    expect(told).toEqual({ code: 0, resolver: 'kubernetes', status: 'found' });
    expect(ids).toEqual(['http://10.0.0.1:8080#uid-1', 'http://10.0.0.2:8080#uid-2']);
  });
});

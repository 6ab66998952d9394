/** What a resolver says of its source: enough to tell one registry's list from another's, and nothing that is secret. */

import { describe, expect, it } from '@jest/globals';

import { consulResolver } from '../../../src/control/resolvers/consul/consul-resolver.js';
import { dnsResolver } from '../../../src/control/resolvers/dns-resolver.js';
import { etcdResolver } from '../../../src/control/resolvers/etcd/etcd-resolver.js';
import { eurekaResolver } from '../../../src/control/resolvers/eureka/eureka-resolver.js';
import { fileResolver } from '../../../src/control/resolvers/file-resolver.js';
import { filter } from '../../../src/control/resolvers/filter.js';
import { firstOf } from '../../../src/control/resolvers/first-of.js';
import { merge } from '../../../src/control/resolvers/merge.js';
import { nacosResolver } from '../../../src/control/resolvers/nacos/nacos-resolver.js';
import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import { staticResolver } from '../../../src/control/resolvers/static-resolver.js';

const registry = (url: string) => registryResolver({ url });

describe('the source of a resolver', () => {
  it('is where a registry is, without the query, where tokens are', () => {
    expect(registry('http://r:1/v1/orders?token=hunter2').source).toBe('http://r:1/v1/orders');
    expect(registryResolver({ url: 'http://r/orders', longPoll: true }).source).toBe('http://r/orders');
    expect(registryResolver({ url: 'http://r/orders', sse: true }).source).toBe('http://r/orders');
    expect(registryResolver({ url: ['http://r/orders', 'http://s/orders'] }).source).toBe(
      'http://r/orders http://s/orders',
    );
  });

  it('is the name that DNS is asked for, the file that is read, the service in Consul, etcd, Eureka and Nacos', () => {
    expect(dnsResolver('orders.example', { port: 80 }).source).toBe('orders.example:80');
    expect(dnsResolver('_http._tcp.orders.example').source).toBe('SRV _http._tcp.orders.example');
    expect(fileResolver('/etc/orders.json').source).toBe('/etc/orders.json');
    expect(consulResolver({ url: 'http://c:8500', service: 'orders', token: 'hunter2' }).source).toMatch(
      /^http:\/\/c:8500\/.*orders$/,
    );
    const auth = { username: 'ada', password: 'hunter2' };
    expect(etcdResolver({ url: 'http://e:2379', prefix: '/s/orders/', auth }).source).toBe('http://e:2379/ /s/orders/');
    const source = eurekaResolver({ url: 'http://e:8761/eureka', app: 'orders' }).source;
    expect(source).toMatch(/^http:\/\/e:8761\/eureka .*orders/i);
    const nacos = { url: 'http://n:8848', service: 'orders', username: 'ada', password: 'hunter2' };
    expect(nacosResolver(nacos).source).toBe('http://n:8848/nacos public DEFAULT_GROUP@@orders');
    expect(nacosResolver({ ...nacos, namespace: 'dev', group: 'G', clusters: ['a', 'b'] }).source).toBe(
      'http://n:8848/nacos dev G@@orders a,b',
    );
  });

  it('of a combination is that of its parts', () => {
    const [a, b, c] = [registry('http://a/'), registry('http://b/'), staticResolver(['h:1'])];
    expect(firstOf(a, c).source).not.toBe(firstOf(b, c).source);
    expect(firstOf(a, c).source).toBe(firstOf(registry('http://a/'), staticResolver(['h:2'])).source);
    expect(merge(a, b).source).not.toBe(merge(b, a).source);
    expect(filter(a, () => true).source).toBe(a.source);
    expect(filter(c, () => true).source).toBeUndefined();
  });
});

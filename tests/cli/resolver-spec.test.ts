import { describe, expect, it } from '@jest/globals';

import { openSpec, SPEC_SCHEMES } from '../../src/cli/resolver-spec.js';
import { startFeed } from '../control/discovery/feed-harness.js';

const nothing = { env: {}, readFile: () => '', servers: [], headers: {} };

describe('a spec', () => {
  it.each(Object.entries(SPEC_SCHEMES))('%s opens as in its example', (name, { example }) => {
    // Which cluster is meant would come from the surroundings.
    const spec = name === 'kubernetes' ? `${example}?url=https://api:6443` : example;
    expect(typeof openSpec(spec, nothing).kind).toBe('string');
  });

  it.each([
    ['dns:orders', 'dns'],
    ['DNS:orders.svc:80', 'dns'],
    ['dns:10.0.0.1:80?family=4', 'dns'],
    ['dns:orders?ndots=3&search=a.b&tries=1&timeoutMs=100', 'dns'],
    ['dns+srv:_http._tcp.orders', 'dns'],
    ['https://registry/v1/orders?dc=a', 'registry'],
    ['consul:orders?tags=blue&passing=false&url=http://a:1&url=http://b:2', 'consul'],
    ['kubernetes:orders?url=https://api:6443', 'kubernetes'],
    ['kubernetes:ns/orders:8080?url=https://api:6443&token=x', 'kubernetes'],
    ['etcd:/services/orders/?url=http://a:2379&url=http://b:2379&serializable=true', 'etcd'],
    ['nacos:orders?url=http://nacos:8848&clusters=a', 'nacos'],
    ['file:///etc/orders.json', 'file'],
    ['file:a b?.yaml', 'file'],
  ])('%s is a resolver of kind %s', (spec, kind) => {
    expect(openSpec(spec, nothing).kind).toBe(kind);
  });

  it('static: is a list by commas', () => {
    const { feed } = startFeed(openSpec('static:a:1,http://b:2/x,', nothing));
    expect(feed.resolution().endpoints.map(({ id }) => id)).toEqual(['http://a:1', 'http://b:2/x']);
  });

  it('env: reads the variables that it is given', () => {
    const { feed } = startFeed(
      openSpec('env:orders?portName=grpc', { ...nothing, env: { services__orders__grpc__0: 'a:1' } }),
    );
    expect(feed.resolution().endpoints.map(({ id }) => id)).toEqual(['http://a:1']);
  });

  it.each([
    ['orders', /"orders" is no place to look; it must begin with one of dns: dns\+srv: http:/],
    ['dsn:orders', /did you mean dns: \?/],
    ['constructor:x', /is no place to look/],
    ['dns:', /^ERR_INVALID_OPTION: dnsResolver: must be a host name/],
    ['dns:a?ndotz=1', /dnsResolver\.ndotz: unknown option; did you mean 'ndots'/],
    ['dns+srv:_a._tcp.b:80', /not for SRV/],
    ['consul:orders?passing=maybe', /consulResolver\.passing: must be true or false/],
    ['kubernetes:Not/a:name', /kubernetesResolver\.namespace/],
    ['etcd:/s/?checkms=1', /etcdResolver\.checkms: unknown option; did you mean 'checkMs'/],
    ['kubernetes:', /kubernetesResolver\.service/],
    ['http://', /registryResolver\.url: must be a URL/],
    ['static:a:0', /staticResolver\[0\]/],
    ['env:a b', /envResolver: must be the name of a service/],
  ])('refuses %s', (spec, message) => {
    expect(() => openSpec(spec, nothing)).toThrow(message);
  });

  it('takes --server and --header where they mean something, and refuses them elsewhere', () => {
    expect(openSpec('dns:a', { ...nothing, servers: ['10.0.0.2'] }).kind).toBe('dns');
    expect(() => openSpec('dns:a', { ...nothing, servers: ['x'] })).toThrow(/dnsResolver\.servers/);
    expect(() => openSpec('consul:a', { ...nothing, servers: ['10.0.0.2'] })).toThrow('--server is for dns:');
    expect(openSpec('http://a/', { ...nothing, headers: { a: 'b' } }).kind).toBe('registry');
    expect(() => openSpec('dns:a', { ...nothing, headers: { a: 'b' } })).toThrow('--header is for http:');
  });
});

/** A resolver in one word, as a person types it at night: `dns:orders.svc`, `http://registry/v1/orders`, `consul:orders`. */

import { consulResolver } from '../control/resolvers/consul/consul-resolver.js';
import { dnsResolver } from '../control/resolvers/dns-resolver.js';
import { envResolver } from '../control/resolvers/env-resolver.js';
import { etcdResolver } from '../control/resolvers/etcd/etcd-resolver.js';
import { eurekaResolver } from '../control/resolvers/eureka/eureka-resolver.js';
import { fileResolver } from '../control/resolvers/file-resolver.js';
import { kubernetesResolver } from '../control/resolvers/kubernetes/kubernetes-resolver.js';
import { nacosResolver } from '../control/resolvers/nacos/nacos-resolver.js';
import { registryResolver } from '../control/resolvers/registry-resolver.js';
import { staticResolver } from '../control/resolvers/static-resolver.js';
import type { Resolver } from '../core/resolver.js';
import { didYouMean } from '../kit/did-you-mean.js';
import { publicSpec, specOptions, splitQuery, type SpecForms, type SpecSources } from './spec-options.js';

export interface SpecContext extends SpecSources {
  /** Name servers, for specs that are about DNS. */
  readonly servers: readonly string[];
  /** For registries. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the resolver from what stands between the scheme and the query, and from the options in the query. */
type Open = (rest: string, options: Record<string, unknown>, ctx: SpecContext) => Resolver;

interface SpecScheme {
  readonly example: string;
  readonly meaning: string;
  readonly open: Open;
  readonly forms?: SpecForms;
  /** Whether what follows the scheme is taken as it is, question marks and all. */
  readonly whole?: boolean;
  /** Which of the command's own options have a meaning for it. */
  readonly takes?: 'servers' | 'headers';
}

const DNS: Pick<SpecScheme, 'forms' | 'takes'> = {
  forms: { lists: ['servers', 'search'], numbers: ['port', 'ndots', 'tries', 'family'] },
  takes: 'servers',
};

const dns =
  (more: object): Open =>
  (rest, options, { servers }) => {
    const [, name = '', port] = /^(.*?)(?::(\d+))?$/s.exec(rest) ?? [];
    return dnsResolver(name, {
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(servers.length === 0 ? {} : { servers }),
      ...more,
      ...options,
    });
  };

const registry =
  (scheme: string): Open =>
  (rest, _options, { headers }) =>
    registryResolver({ url: `${scheme}:${rest}`, headers });

const kubernetes: Open = (rest, options) => {
  const [, namespace, service = '', port] = /^(?:([^/:]*)\/)?([^:]*)(?::(.*))?$/s.exec(rest) ?? [];
  return kubernetesResolver({
    service,
    ...(namespace === undefined ? {} : { namespace }),
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
    ...options,
  });
};

export const SPEC_SCHEMES: Readonly<Record<string, SpecScheme>> = {
  dns: {
    example: 'dns:orders.svc:8080',
    meaning: 'A and AAAA records, or SRV for a name with _',
    open: dns({}),
    ...DNS,
  },
  'dns+srv': { example: 'dns+srv:_http._tcp.orders', meaning: 'SRV records', open: dns({ type: 'srv' }), ...DNS },
  http: {
    example: 'http://registry/v1/orders',
    meaning: "an HTTP registry with Prometheus' format",
    open: registry('http'),
    whole: true,
    takes: 'headers',
  },
  https: {
    example: 'https://registry/v1/orders',
    meaning: 'the same',
    open: registry('https'),
    whole: true,
    takes: 'headers',
  },
  consul: {
    example: 'consul:orders?url=http://consul:8500',
    meaning: "Consul's catalogue and health checks",
    forms: { lists: ['tags'] },
    open: (service, options) => consulResolver({ service, ...options }),
  },
  kubernetes: {
    example: 'kubernetes:ns/orders:http',
    meaning: "a Service's EndpointSlices; outside: ?kubeconfig=path",
    forms: { numbers: ['family'] },
    open: kubernetes,
  },
  etcd: {
    example: 'etcd:/services/orders/?url=http://etcd:2379',
    meaning: 'the keys under a prefix in etcd',
    open: (prefix, options) => etcdResolver({ prefix, ...options }),
  },
  eureka: {
    example: 'eureka:ORDERS?url=http://eureka:8761/eureka',
    meaning: 'an application in Eureka',
    open: (app, options) => eurekaResolver({ app, ...options } as Parameters<typeof eurekaResolver>[0]),
  },
  nacos: {
    example: 'nacos:orders?url=http://nacos:8848',
    meaning: 'a service in Nacos',
    forms: { lists: ['clusters'] },
    open: (service, options) => nacosResolver({ service, ...options } as Parameters<typeof nacosResolver>[0]),
  },
  file: {
    example: 'file:orders.yaml',
    meaning: 'a JSON or YAML file',
    whole: true,
    open: (path) => fileResolver(path.startsWith('//') ? new URL(`file:${path}`) : path),
  },
  env: {
    example: 'env:orders',
    meaning: 'environment variables, of Kubernetes for example',
    open: (name, options, { env }) => envResolver(name, { ...options, env }),
  },
  static: {
    example: 'static:a:1,b:2',
    meaning: 'the endpoints themselves',
    whole: true,
    open: (list) => staticResolver(list.split(',').filter((text) => text !== '')),
  },
};

/** @throws Error that says what is wrong with the spec */
export function openSpec(spec: string, ctx: SpecContext): Resolver {
  const [, name = '', rest = ''] = /^([a-z+]+):(.*)$/is.exec(spec) ?? [];
  const scheme = Object.hasOwn(SPEC_SCHEMES, name.toLowerCase()) ? SPEC_SCHEMES[name.toLowerCase()] : undefined;
  if (scheme === undefined) throw unknownScheme(spec, name);
  if (ctx.servers.length > 0 && scheme.takes !== 'servers') throw new Error('--server is for dns: and dns+srv:');
  if (Object.keys(ctx.headers).length > 0 && scheme.takes !== 'headers')
    throw new Error('--header is for http: and https:');
  const [target, query] = scheme.whole === true ? [rest, ''] : splitQuery(rest);
  return scheme.open(target, specOptions(query, ctx, scheme.forms), ctx);
}

function unknownScheme(spec: string, name: string): Error {
  const known = Object.keys(SPEC_SCHEMES);
  const guess = name === '' ? undefined : didYouMean(name, known);
  const hint =
    guess === undefined
      ? `it must begin with one of ${known.map((each) => `${each}:`).join(' ')}`
      : `did you mean ${guess}: ?`;
  return new Error(`${JSON.stringify(publicSpec(spec))} is no place to look; ${hint}`);
}

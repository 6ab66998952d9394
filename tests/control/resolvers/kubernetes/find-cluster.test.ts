import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { kubernetesResolver } from '../../../../src/control/resolvers/kubernetes/kubernetes-resolver.js';
import { findCluster } from '../../../../src/control/resolvers/kubernetes/find-cluster.js';
import type { ClusterAccess } from '../../../../src/control/resolvers/kubernetes/cluster-access.js';
import {
  checkedOptions,
  type KubernetesResolverOptions,
} from '../../../../src/control/resolvers/kubernetes/kubernetes-options.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'fairlead-kubeconfig-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const find = (options: Partial<KubernetesResolverOptions>, env: NodeJS.ProcessEnv = {}): ClusterAccess =>
  findCluster(checkedOptions({ service: 'orders', ...options }), env);

describe('a pod in the cluster', () => {
  const IN_POD = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

  it('finds the server in its environment, and the rest in the files of its service account', () => {
    expect(find({}, IN_POD)).toEqual({
      url: new URL('https://10.96.0.1'),
      namespace: undefined,
      token: { file: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
      tls: { ca: { file: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt' } },
    });
    expect(find({}, { ...IN_POD, KUBERNETES_SERVICE_HOST: 'fd00::1' }).url.href).toBe('https://[fd00::1]/');
  });

  it('has a namespace of its own', () => {
    writeFileSync(join(folder, 'namespace'), 'shop\n');
    expect(find({ serviceAccountPath: folder }, IN_POD).namespace).toBe('shop');
  });

  it('says so when there is no cluster', () => {
    expect(() => find({}, {})).toThrow(
      /runs in no Kubernetes cluster \(KUBERNETES_SERVICE_HOST .* give url or kubeconfig/,
    );
    expect(() => find({}, { KUBERNETES_SERVICE_HOST: '10.96.0.1' })).toThrow('runs in no Kubernetes cluster');
  });
});

describe('a server that is given', () => {
  it('is talked to as the options say', () => {
    expect(find({ url: 'https://api.test:6443/k8s/', token: 'secret', tls: { ca: 'PEM' } })).toEqual({
      url: new URL('https://api.test:6443/k8s'),
      namespace: undefined,
      token: 'secret',
      tls: { ca: 'PEM' },
    });
    expect(find({ url: 'https://api.test', tokenFile: '/run/token' }).token).toEqual({ file: '/run/token' });
  });

  it('gets no credentials without TLS, unless it is on this machine, as kubectl proxy is', () => {
    expect(() => find({ url: 'http://api.test', token: 'secret' })).toThrow(
      'credentials are not sent to http://api.test',
    );
    expect(() => find({ url: 'http://127.evil.test', token: 'secret' })).toThrow('credentials are not sent');
    expect(find({ url: 'http://api.test' }).token).toBeUndefined();
    for (const url of ['http://127.0.0.1:8001', 'http://localhost:8001', 'http://[::1]:8001']) {
      expect(find({ url, token: 'secret' }).token).toBe('secret');
    }
  });
});

describe('a kubeconfig', () => {
  interface Config {
    cluster?: object;
    user?: object;
    context?: object;
    more?: object;
  }
  const write = ({ cluster, user, context, more }: Config, path = join(folder, 'config')): string => {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'work',
      clusters: [
        { name: 'other', cluster: { server: 'https://other.test' } },
        { name: 'c1', cluster: { server: 'https://api.test:6443', ...cluster } },
      ],
      users: [{ name: 'u1', user: user ?? {} }],
      contexts: [
        { name: 'work', context: { cluster: 'c1', user: 'u1', namespace: 'shop', ...context } },
        { name: 'bare', context: { cluster: 'other' } },
      ],
      ...more,
    };
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('names the server, the namespace and the credentials of its current context', () => {
    const cluster = { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kubernetes' };
    const user = { token: 'secret', 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    expect(find({ kubeconfig: write({ cluster, user }) })).toEqual({
      url: new URL('https://api.test:6443'),
      namespace: 'shop',
      token: 'secret',
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', serverName: 'kubernetes' },
    });
  });

  it('names files beside itself, and a token file that wins over a token', () => {
    const cluster = { 'certificate-authority': 'pki/ca.crt' };
    const user = { token: 'old', tokenFile: '/run/token', 'client-certificate': 'me.crt', 'client-key': '../me.key' };
    expect(find({ kubeconfig: { path: write({ cluster, user }) } })).toMatchObject({
      token: { file: '/run/token' },
      tls: {
        ca: { file: join(folder, 'pki/ca.crt') },
        cert: { file: join(folder, 'me.crt') },
        key: { file: join(folder, '../me.key') },
      },
    });
  });

  it('is read as YAML, as people write it', () => {
    const path = join(folder, 'yaml');
    writeFileSync(
      path,
      `apiVersion: v1
kind: Config
current-context: work
clusters:
- name: c1
  cluster: {server: https://api.test:6443}
contexts:
- {name: work, context: {cluster: c1, user: u1}}
users:
- name: u1
  user:
    token: secret # of the tester
`,
    );
    expect(find({ kubeconfig: path })).toMatchObject({ token: 'secret', namespace: undefined });
  });

  it('is found by $KUBECONFIG, then in the home directory; the context may be chosen', () => {
    const path = write({});
    expect(find({ kubeconfig: {} }, { KUBECONFIG: path }).url.href).toBe('https://api.test:6443/');
    expect(find({ kubeconfig: { context: 'bare' } }, { KUBECONFIG: path })).toEqual({
      url: new URL('https://other.test'),
      namespace: undefined,
      token: undefined,
      tls: {},
    });
    expect(() => find({ kubeconfig: {} }, { KUBECONFIG: `${path}:${path}` })).toThrow('names several files');
  });

  const PLUGIN = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'aws' } };
  it.each<[string, Config, string]>([
    [
      'a credential plugin',
      { user: PLUGIN },
      "the user 'u1' has exec: it starts a credential plugin, which is not supported",
    ],
    ['an auth provider', { user: { 'auth-provider': { name: 'gcp' } } }, 'has auth-provider'],
    [
      'a password',
      { user: { username: 'me', password: 'hunter2-secret' } },
      'has username: passwords are not supported',
    ],
    ['impersonation', { user: { as: 'admin' } }, 'has as: impersonation is not supported'],
    ['no verification', { cluster: { 'insecure-skip-tls-verify': true } }, 'insecure-skip-tls-verify is not supported'],
    ['a proxy', { cluster: { 'proxy-url': 'http://proxy' } }, 'proxy-url is not supported'],
    ['half a certificate', { user: { 'client-certificate': 'me.crt' } }, 'half of a client certificate'],
    ['no such user', { context: { user: 'nobody' } }, "there is no user 'nobody'"],
    ['no such cluster', { context: { cluster: 'gone' } }, "there is no cluster 'gone'"],
    ['no context', { more: { 'current-context': '' } }, 'no current-context, and none is chosen'],
    ['no server', { cluster: { server: undefined } }, "the cluster 'c1' has no server"],
    ['a server that is none', { cluster: { server: 'ftp://x' } }, 'must be http or https'],
    ['something else for a token', { user: { token: 7 } }, 'token of the user is no text'],
    [
      'a token for plain http',
      { cluster: { server: 'http://api.test' }, user: { token: 'hunter2-secret' } },
      'not https',
    ],
  ])('with %s is refused', (_, config, words) => {
    const error = ((): Error => {
      try {
        find({ kubeconfig: write(config) });
      } catch (thrown) {
        return thrown as Error;
      }
      throw new Error('it was accepted');
    })();
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('hunter2');
  });

  it('that is none is refused, without a word of what is in it', () => {
    const path = join(folder, 'broken');
    writeFileSync(path, 'users: [ {token: hunter2-secret');
    expect(() => find({ kubeconfig: path })).toThrow(/broken: it is no YAML \(\w+\)$/);
    writeFileSync(path, 'hunter2-secret');
    expect(() => find({ kubeconfig: path })).toThrow(/broken: it is no kubeconfig$/);
    expect(() => find({ kubeconfig: join(folder, 'absent') })).toThrow('ENOENT');
    mkdirSync(join(folder, 'directory'));
    expect(() => find({ kubeconfig: join(folder, 'directory') })).toThrow('EISDIR');
  });
});

describe('the source', () => {
  it('is the cluster, the Service and its port, without credentials', () => {
    const options = { service: 'orders', url: 'https://api.test:6443', token: 'hunter2' };
    expect(kubernetesResolver(options).source).toBe('https://api.test:6443/ default/orders ');
    expect(kubernetesResolver({ ...options, namespace: 'shop', port: 'http' }).source).toBe(
      'https://api.test:6443/ shop/orders http',
    );
  });
});

describe('the options', () => {
  const check = (options: object): unknown => checkedOptions({ service: 'orders', ...options });

  it.each<[object, string]>([
    [{ service: undefined }, 'kubernetesResolver.service: is required'],
    [{ service: 'Orders' }, 'kubernetesResolver.service: must be a name'],
    [{ service: 'orders.shop' }, 'kubernetesResolver.service'],
    [{ service: '-orders' }, 'kubernetesResolver.service'],
    [{ namespace: 'a/b' }, 'kubernetesResolver.namespace'],
    [{ port: 0 }, 'kubernetesResolver.port: must be'],
    [{ port: 65_536 }, 'kubernetesResolver.port: must be'],
    [{ port: '' }, 'kubernetesResolver.port: must be the name of a port'],
    [{ family: 5 }, 'kubernetesResolver.family: must be one of 4, 6'],
    [{ scheme: 'ftp' }, 'kubernetesResolver.scheme'],
    [{ idleMs: 999 }, 'kubernetesResolver.idleMs'],
    [{ timeoutMs: 0 }, 'kubernetesResolver.timeoutMs'],
    [{ serviceName: 'x' }, 'unknown option'],
    [{ kubeconfig: { contxt: 'x' } }, "did you mean 'context'?"],
    [{ token: 'x' }, 'kubernetesResolver.token: has a meaning only together with url'],
    [{ tls: {} }, 'kubernetesResolver.tls: has a meaning only together with url'],
    [{ url: 'https://a', kubeconfig: 'x' }, 'kubernetesResolver.kubeconfig: must not stand beside url'],
    [{ url: 'https://a', serviceAccountPath: 'x' }, 'kubernetesResolver.serviceAccountPath'],
    [{ kubeconfig: 'x', serviceAccountPath: 'x' }, 'kubernetesResolver.serviceAccountPath'],
    [{ url: 'https://a', token: 'x', tokenFile: 'x' }, 'kubernetesResolver.tokenFile: must not stand beside token'],
    [{ url: 'https://a', tls: {}, fetch: () => {} }, 'kubernetesResolver.tls: has no effect on a fetch of your own'],
  ])('refuse %j', (options, words) => {
    expect(() => check(options)).toThrow(words);
  });

  it('refuse addresses that are none, and never repeat a token', () => {
    expect(() => find({ url: 'https://me:hunter2@api.test' })).toThrow(/^(?!.*hunter2).*no user or password/);
    expect(() => find({ url: 'https://api.test?x=1' })).toThrow('must hold no query');
    expect(() => check({ url: 'https://a', token: '' })).toThrow('kubernetesResolver.token');
  });
});

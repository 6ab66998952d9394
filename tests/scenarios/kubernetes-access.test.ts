/** The ways to reach an API server, by TLS and with credentials that rotate: as a pod, with a kubeconfig, with options. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { createFeed } from '../../src/control/discovery/feed.js';
import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import { kubernetesResolver, type KubernetesResolverOptions } from '../../src/kubernetes.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { startKubernetesApi, type KubernetesApi } from '../support/kubernetes-api/api-server.js';
import { apiSlice, pod } from '../support/kubernetes-api/slice-fixtures.js';
import { until } from '../support/until.js';

const TOKEN = 'the-token-of-the-pod';

let folder: string;
let authority: CertificateAuthority;
let me: Certificate;
let api: KubernetesApi;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-kubernetes-'));
  authority = await createCertificateAuthority();
  me = await authority.issue('me');
  const server = await authority.issue('127.0.0.1');
  api = await startKubernetesApi({ token: TOKEN, tls: { ...server, clientCa: authority.cert } });
  await api.put(apiSlice({ name: 'orders-1', endpoints: [pod(1), pod(2)] }));
  const files = { token: TOKEN, 'ca.crt': authority.cert, namespace: 'shop', 'me.crt': me.cert, 'me.key': me.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** How many endpoints are found, or why none are. */
async function ask(options: Partial<KubernetesResolverOptions>): Promise<number | string> {
  const resolver = kubernetesResolver({ service: 'orders', ...options });
  const feed = createFeed({ resolver, cache: SETTINGS, clock: systemClock, random: systemRandom, onChange: () => {} });
  feed.start();
  try {
    await until(() => feed.resolution().status !== 'unknown', { what: 'an answer' });
    const { endpoints, error } = feed.resolution();
    return error === undefined ? endpoints.length : (error as Error).message;
  } finally {
    feed.close();
  }
}

it('a pod finds its way by its environment and its service account', async () => {
  const before = { ...process.env };
  process.env['KUBERNETES_SERVICE_HOST'] = '127.0.0.1';
  process.env['KUBERNETES_SERVICE_PORT'] = String(api.port);
  try {
    expect(await ask({ serviceAccountPath: folder })).toBe(2);
    expect(await ask({ serviceAccountPath: folder, namespace: 'other' })).toBe(0);
    expect(await ask({ serviceAccountPath: join(folder, 'absent') })).toContain('ENOENT');
  } finally {
    process.env = before;
  }
});

it('a kubeconfig leads there by a token, and by a client certificate', async () => {
  const config = (user: object): string => {
    const path = join(folder, 'config');
    const text = JSON.stringify({
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    });
    writeFileSync(path, text);
    return path;
  };
  expect(await ask({ kubeconfig: config({ tokenFile: 'token' }) })).toBe(2);
  expect(await ask({ kubeconfig: config({ 'client-certificate': 'me.crt', 'client-key': 'me.key' }) })).toBe(2);
  expect(await ask({ kubeconfig: config({}) })).toContain('status 401: Unauthorized');
});

it('options lead there, and a server that nobody vouches for is not talked to', async () => {
  const options = { url: api.url, namespace: 'shop' };
  expect(await ask({ ...options, token: TOKEN, tls: { ca: authority.cert } })).toBe(2);
  expect(await ask({ ...options, tls: { ca: authority.cert, cert: me.cert, key: me.key } })).toBe(2);
  const refused = await ask({ ...options, token: TOKEN });
  expect(refused).toMatch(/unable to verify|self.signed|UNABLE_TO/i);
  expect(refused).not.toContain(TOKEN);
});

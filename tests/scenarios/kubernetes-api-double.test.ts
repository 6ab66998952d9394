/**
 * No Kubernetes runs on the machines that run these tests, so there is a double of its API server; and a double is worth
 * what its likeness is. So those who know the real one speak to it: kubectl, and Kubernetes' own client for Node.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { createCertificateAuthority } from '../support/certificates.js';
import { ensureDebianServer } from '../support/debian-packages.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startKubernetesApi, type KubernetesApi } from '../support/kubernetes-api/api-server.js';
import { apiSlice, LEAVING, pod } from '../support/kubernetes-api/slice-fixtures.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

const TOKEN = 'a-token-of-the-test';
const slice = (n: number, ...pods: number[]): ReturnType<typeof apiSlice> =>
  apiSlice({ name: `orders-${n}`, endpoints: pods.map((each) => pod(each)) });

let api: KubernetesApi;
let folder: string;
let caFile: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-kubectl-'));
  caFile = join(folder, 'ca.crt');
  const authority = await createCertificateAuthority();
  writeFileSync(caFile, authority.cert);
  api = await startKubernetesApi({ token: TOKEN, tls: await authority.issue('127.0.0.1') });
  await api.put(
    ...[1, 2, 3, 4, 5].map((n) => slice(n, n)),
    apiSlice({ name: 'users-1', service: 'users', endpoints: [pod(9)] }),
    apiSlice({ name: 'orders-1', namespace: 'other', endpoints: [pod(8)] }),
  );
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What a program prints, line by line, while it runs. */
function follow(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string[] {
  const child = spawn(command, args, { env, cwd: resolve(__dirname, '../..'), stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.on('data', (text: Buffer) => {
      const parts = (rest + text.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
    });
  }
  return lines;
}

describeWithServer('kubectl', 'kubectl, against the double of the API server', () => {
  const common = (): string[] => ['--server', api.url, '--certificate-authority', caFile, '--namespace', 'shop'];
  const args = (token = TOKEN): string[] => [...common(), '--token', token, '--cache-dir', join(folder, 'cache')];
  const env = (): NodeJS.ProcessEnv => ({ ...kubectl().env, KUBECONFIG: '/dev/null', HOME: folder });
  const kubectl = (): ReturnType<typeof ensureDebianServer> => ensureDebianServer('kubectl');
  const run = (...more: string[]): { stdout: string; stderr: string } =>
    spawnSync(kubectl().program('kubectl'), more, { env: env(), encoding: 'utf8' });
  const SELECTOR = ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=orders'];

  it('lists the slices of a service, in one page or in several', async () => {
    for (const chunk of ['500', '2']) {
      const { stdout, stderr } = run(...args(), ...SELECTOR, '--chunk-size', chunk, '-o', 'json');
      expect(stderr).toBe('');
      const items = JSON.parse(stdout).items as ReturnType<typeof slice>[];
      expect(items.map(({ metadata }) => metadata.name)).toEqual([1, 2, 3, 4, 5].map((n) => `orders-${n}`));
      expect(items[0]).toMatchObject({ ...slice(1, 1), metadata: { namespace: 'shop' } });
    }
    expect((await api.stats()).pages).toBeGreaterThanOrEqual(2);
  });

  it('prints the table that people read', () => {
    const { stdout } = run(
      ...args(),
      ...SELECTOR,
      '-o',
      'custom-columns=NAME:.metadata.name,AT:.endpoints[*].addresses[0]',
    );
    expect(stdout.trim().split(/\s+/)).toEqual(
      expect.arrayContaining(['NAME', 'AT', 'orders-1', '10.0.0.1', 'orders-5', '10.0.0.5']),
    );
  });

  it('watches, from the list on', async () => {
    const jsonpath =
      'jsonpath={.metadata.name} {.endpoints[*].addresses[0]} {.endpoints[*].conditions.terminating}{"\\n"}';
    const lines = follow(kubectl().program('kubectl'), [...args(), ...SELECTOR, '-w', '-o', jsonpath], env());
    await until(() => lines.length === 5, { what: 'the list', timeoutMs: 10_000 });
    await api.put(apiSlice({ name: 'orders-1', endpoints: [pod(1, { conditions: LEAVING }), pod(6)] }));
    await api.put(slice(6, 7), apiSlice({ name: 'users-1', service: 'users', endpoints: [] }));
    await api.remove(slice(6));
    await until(() => lines.length === 8, { what: 'three changes' });
    expect(lines.slice(5)).toEqual([
      'orders-1 10.0.0.1 10.0.0.6 true false',
      'orders-6 10.0.0.7 false',
      'orders-6 10.0.0.7 false',
    ]);
  });

  it('is told who it is not', () => {
    expect(run(...args('another'), ...SELECTOR).stderr).toMatch(/Unauthorized|must be logged in/);
  });
});

describe("Kubernetes' client for Node, against the double of the API server", () => {
  it('lists in pages, is informed of changes, and lists again after 410', async () => {
    await api.put(slice(1, 1));
    const program = resolve(__dirname, 'programs/kubernetes-client.mjs');
    const lines = follow(process.execPath, [program, api.url, TOKEN, caFile, 'shop']);
    const heard = (): string[] =>
      lines.map((line) => (line.startsWith('[') ? (JSON.parse(line) as string[]).join(' ') : line));
    await until(() => heard().filter((line) => line.startsWith('add')).length === 5, {
      what: 'the list',
      // Node needs several seconds to load this client, and more on a busy machine.
      timeoutMs: 60_000,
    });
    expect(heard().filter((line) => line.startsWith('page'))).toEqual([
      'page orders-1 orders-2',
      'page orders-3 orders-4',
      'page orders-5',
    ]);

    await until(async () => (await api.stats()).standing === 1, { what: 'the watch' });
    await api.put(slice(1, 1, 2), slice(7, 3));
    await until(() => heard().includes('update orders-1') && heard().includes('add orders-7'), { what: 'two changes' });

    // The watch ends, and its version is compacted away: only a list can tell what is there.
    await api.remove(slice(7));
    await until(() => heard().includes('delete orders-7'), { what: 'the removal' });
    const { lists } = await api.stats();
    await api.compact();
    await api.endWatches();
    await until(async () => (await api.stats()).lists > lists, { what: 'another list' });
    await until(async () => (await api.stats()).standing === 1, { what: 'the watch again' });
    await api.put(slice(1, 4));
    await until(() => heard().filter((line) => line === 'update orders-1').length >= 2, {
      what: 'a change after that',
    });
  });
});

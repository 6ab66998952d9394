/**
 * A double of the Kubernetes API server, in a process of its own, for EndpointSlices alone. It imitates what matters to who
 * lists and watches, and is checked with kubectl and with Kubernetes' own client for Node (kubernetes-api-double.test.ts):
 *
 * - one revision for all changes; lists in pages, all of one revision, with `limit` and `continue`;
 * - watches from a `resourceVersion` on, with bookmarks, ended after `timeoutSeconds`; label selectors on both, so that a
 *   change of labels is an ADDED or a DELETED for who watches;
 * - 410 for revisions and continuations that were compacted, as a status or as an event;
 * - silence, and no refusal, for a watch from a revision of the future;
 * - `Status` objects for failures; bearer tokens, TLS and client certificates.
 */

import { startServerProcess, type ServerProcess } from '../../../src/testing/server-process.js';
import { apiProgram, type ApiFault, type ApiProgramOptions, type ApiSlice, type ApiStats } from './api-program.js';

export type { ApiFault, ApiSlice, ApiStats } from './api-program.js';

export interface KubernetesApiOptions {
  /** @default nobody needs one */
  readonly token?: string;
  readonly tls?: ApiProgramOptions['tls'];
  /** Real servers: a minute. @default 1_000 */
  readonly bookmarkMs?: number;
}

export interface KubernetesApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  put(...slices: readonly ApiSlice[]): Promise<void>;
  remove(...slices: readonly ApiSlice[]): Promise<void>;
  fault(fault: ApiFault): Promise<void>;
  /** From now on this one is valid, and no other. */
  setToken(token: string): Promise<void>;
  /** Every revision so far is forgotten: who asks for one is told 410. @param by how a watch is told. @default 'event' */
  compact(by?: 'event' | 'status'): Promise<void>;
  endWatches(how?: 'properly' | 'abruptly'): Promise<void>;
  stats(): Promise<ApiStats>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** A fresh process on the same port, without data: its revisions begin anew. */
  restart(): Promise<void>;
}

export async function startKubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const launch = (port: number): Promise<{ readonly server: ServerProcess; readonly started: unknown }> =>
    startServerProcess(apiProgram, {
      host: '127.0.0.1',
      port,
      token: options.token,
      tls: options.tls,
      bookmarkMs: options.bookmarkMs ?? 1_000,
    } satisfies ApiProgramOptions);
  let { server, started } = await launch(0);
  const { port } = started as { port: number };
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    async put(...slices) {
      for (const slice of slices) await server.call('put', slice);
    },
    async remove(...slices) {
      for (const { metadata } of slices) await server.call('remove', `${metadata.namespace}/${metadata.name}`);
    },
    async fault(fault) {
      await server.call('fault', fault);
    },
    async setToken(token) {
      await server.call('token', token);
    },
    async compact(by = 'event') {
      await server.call('compact', by);
    },
    async endWatches(how = 'properly') {
      await server.call('endWatches', how === 'abruptly');
    },
    stats: async () => (await server.call('stats')) as ApiStats,
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async restart() {
      await server.kill();
      ({ server, started } = await launch(port));
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
}

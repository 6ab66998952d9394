/**
 * A double of Nacos' server in a process of its own, so that it can be killed, stopped and restarted empty under
 * traffic. That it is a faithful one is checked with the npm client of Nacos, in `tests/scenarios/nacos-double.test.ts`.
 */

import { startServerProcess, type ServerProcess } from '../../src/testing/server-process.js';
import {
  nacosProgram,
  type NacosApis,
  type NacosMode,
  type NacosProgramOptions,
  type NacosRegistration,
  type NacosStats,
} from './nacos-program.js';

export interface NacosServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** @param serviceName with its group before `@@`, if it is in another than `DEFAULT_GROUP` */
  register(serviceName: string, instance: NacosRegistration): Promise<void>;
  deregister(serviceName: string, port: number): Promise<void>;
  /** When no more than this share is healthy, all of them are said to be. */
  protect(serviceName: string, threshold: number): Promise<void>;
  setMode(mode: NacosMode): Promise<void>;
  setApis(apis: NacosApis): Promise<void>;
  setClockBack(ms: number): Promise<void>;
  /** As a change of the key with which they were signed. */
  forgetTokens(): Promise<void>;
  /** Since the last look. */
  stats(): Promise<NacosStats>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** A fresh process on the same port, which knows nobody. */
  restart(): Promise<void>;
}

export async function startNacosServer(options: Omit<NacosProgramOptions, 'host' | 'port'> = {}): Promise<NacosServer> {
  const launch = (at: number): Promise<{ readonly server: ServerProcess; readonly started: unknown }> =>
    startServerProcess(nacosProgram, { ...options, host: '127.0.0.1', port: at });
  const first = await launch(0);
  let { server } = first;
  const { port } = first.started as { port: number };
  const call = async (command: string, payload: unknown): Promise<void> => void (await server.call(command, payload));
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    register: (serviceName, instance) => call('register', { ...instance, serviceName }),
    deregister: (serviceName, of) => call('deregister', { serviceName, port: of }),
    protect: (serviceName, threshold) => call('protect', { serviceName, threshold }),
    setMode: (mode) => call('mode', mode),
    setApis: (apis) => call('apis', apis),
    setClockBack: (ms) => call('setClockBack', ms),
    forgetTokens: () => call('forgetTokens', undefined),
    stats: async () => (await server.call('stats')) as NacosStats,
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async restart() {
      await server.kill();
      ({ server } = await launch(port));
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
}

/**
 * A double of Eureka's server in a process of its own, so that it can be killed, stopped and restarted empty under
 * traffic. That it is a faithful one is checked with the npm client of Eureka, in `tests/scenarios/eureka-double.test.ts`.
 */

import { startServerProcess, type ServerProcess } from '../../src/testing/server-process.js';
import {
  eurekaProgram,
  type EurekaMode,
  type EurekaProgramOptions,
  type EurekaRegistration,
  type EurekaStats,
} from './eureka-program.js';

export interface EurekaServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port/eureka` */
  readonly url: string;
  /** Without ids and hosts: at 127.0.0.1, up, as `127.0.0.1:orders:8080`. */
  register(app: string, instance: EurekaRegistration): Promise<void>;
  cancel(app: string, id: string): Promise<boolean>;
  /** As an operator's `PUT …/status?value=OUT_OF_SERVICE`. */
  override(app: string, id: string, status: string): Promise<boolean>;
  setMode(mode: EurekaMode): Promise<void>;
  /** Requests since the last look. */
  stats(): Promise<EurekaStats>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** A fresh process on the same port, which knows nobody. */
  restart(): Promise<void>;
}

export async function startEurekaServer(
  options: Omit<EurekaProgramOptions, 'host' | 'port'> & { readonly port?: number } = {},
): Promise<EurekaServer> {
  const launch = (port: number): Promise<{ readonly server: ServerProcess; readonly started: unknown }> =>
    startServerProcess(eurekaProgram, { ...options, host: '127.0.0.1', port });
  let { server, started } = await launch(options.port ?? 0); // eslint-disable-line prefer-const -- `server` changes
  const { port } = started as { port: number };
  return {
    port,
    url: `http://127.0.0.1:${port}${options.path ?? '/eureka'}`,
    async register(app, instance) {
      await server.call('register', { app, instance });
    },
    cancel: async (app, id) => (await server.call('cancel', { app, id })) as boolean,
    override: async (app, id, status) => (await server.call('override', { app, id, status })) as boolean,
    async setMode(mode) {
      await server.call('mode', mode);
    },
    stats: async () => (await server.call('stats')) as EurekaStats,
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

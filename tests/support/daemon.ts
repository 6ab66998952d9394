/** A server program under the control of a test. It dies with the test's process, however that ends. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Daemon {
  /** SIGTERM, and SIGKILL if that has not helped after two seconds. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: what arrives waits in the kernel. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** What it has printed, for messages. */
  readonly output: string;
  readonly isRunning: boolean;
}

export interface DaemonOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called again and again until it does not throw; the start fails when it still does so after five seconds. */
  readonly ready: () => Promise<unknown>;
}

const READY_WITHIN_MS = 5_000;
const STOPS_WITHIN_MS = 2_000;

export async function startDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon> {
  const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  // Waits for the end of a pipe, which comes with this process's end, and does what this process then cannot.
  const guard = spawn('sh', ['-c', 'read -r _; kill -KILL "$0" 2>/dev/null', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  let output = '';
  let isRunning = true;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  child.once('error', (error) => (output += error.message));
  const ended = once(child, 'close').then(() => {
    isRunning = false;
    guard.kill('SIGKILL');
  });

  const daemon: Daemon = {
    async stop() {
      if (isRunning) child.kill('SIGTERM');
      // A paused process takes a signal when it goes on.
      daemon.resume();
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
      await ended;
      clearTimeout(impatience);
    },
    async kill() {
      if (isRunning) child.kill('SIGKILL');
      await ended;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    get output() {
      return output;
    },
    get isRunning() {
      return isRunning;
    },
  };

  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await options.ready();
      return daemon;
    } catch (error) {
      if (isRunning && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      await daemon.kill();
      throw new Error(`${command} did not start: ${output.trim()}`, { cause: error });
    }
  }
}

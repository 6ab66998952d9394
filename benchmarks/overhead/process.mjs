/** Child processes that answer one message with one message. */

import { fork, spawnSync } from 'node:child_process';

/** `cpu`: the core to keep the process on, where the system can do that. */
export async function startProcess(file, args, { node, execArgv = [], cpu }) {
  const child = fork(new URL(file, import.meta.url), args, { execPath: node, execArgv });
  const pinned = spawnSync('taskset', ['-a', '-c', '-p', String(cpu), String(child.pid)]).status === 0;
  let waiting;
  child.on('message', (message) => waiting.resolve(message));
  child.on('exit', (code) => waiting.reject(new Error(`${file} exited with ${code}`)));
  const answer = () => new Promise((resolve, reject) => (waiting = { resolve, reject }));
  const greeting = await answer();
  return {
    greeting,
    pinned,
    ask(message) {
      child.send(message);
      return answer();
    },
    stop: () => child.disconnect(),
  };
}

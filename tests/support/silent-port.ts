/**
 * A port where connections are neither made nor refused: its owner never accepts, and its queue is full, so the kernel
 * drops what else comes. That is what a firewall does, or a route that leads nowhere.
 */

import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Its loop stands still once it listens. */
const PROGRAM = `
  const { workerData, parentPort } = require('node:worker_threads');
  require('node:net').createServer().listen({ ...workerData, backlog: 1 }, () => {
    parentPort.postMessage('listening');
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);
  });
`;

/** More than a queue of one takes, by any system's way of counting. */
const FILLERS = 8;

export async function silencePort(host: string, port: number): Promise<AsyncDisposable> {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { host, port } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const fillers = Array.from({ length: FILLERS }, (): Socket => connect({ host, port }).on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

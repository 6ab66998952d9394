/**
 * Every address that this process dials, whoever dials it and by whatever name: heard from the sockets themselves, so
 * that nothing can pass by that a test did not think of.
 */

import { Socket } from 'node:net';

export interface DialRecorder extends Disposable {
  /** `host:port`, in the order in which they were dialled. */
  readonly dialled: readonly string[];
}

export function recordDials(): DialRecorder {
  const dialled: string[] = [];
  const prototype = Socket.prototype as { connect: (this: Socket, ...options: unknown[]) => Socket };
  const { connect } = prototype;
  prototype.connect = function (...options) {
    this.on('connectionAttempt', (ip, port) => void dialled.push(`${ip}:${port}`));
    return connect.apply(this, options);
  };
  return { dialled, [Symbol.dispose]: () => void (prototype.connect = connect) };
}

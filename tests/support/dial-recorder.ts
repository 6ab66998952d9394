/**
 * Every address that this process dials, whoever dials it and by whatever name: heard from the sockets themselves, so
 * that nothing can pass by that a test did not think of.
 */

import { Socket } from 'node:net';

export interface DialRecorder extends Disposable {
  /** `host:port`, in the order in which they were dialled. */
  readonly dialled: readonly string[];
  /** Connections to a port that this side has not given up. The other side hears of an end a moment later. */
  openTo(port: number): number;
}

export function recordDials(): DialRecorder {
  const dialled: string[] = [];
  const sockets = new Map<Socket, number>();
  const prototype = Socket.prototype as { connect: (this: Socket, ...options: unknown[]) => Socket };
  const { connect } = prototype;
  prototype.connect = function (...options) {
    this.on('connectionAttempt', (ip, port) => {
      dialled.push(`${ip}:${port}`);
      sockets.set(this, port);
    });
    return connect.apply(this, options);
  };
  return {
    dialled,
    openTo: (wanted) => [...sockets].filter(([{ destroyed }, port]) => port === wanted && !destroyed).length,
    [Symbol.dispose]: () => void (prototype.connect = connect),
  };
}

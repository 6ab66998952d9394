/**
 * A server in a process of its own, so that it can be killed, stopped and paused as a real one is, and told what to do
 * over IPC, so that a switch never travels through the wire under test.
 *
 * The child's program is not a file: it is the source text of a self-contained function, handed to `node -` on its
 * standard input. So it is found the same way from the sources, from both builds and from a bundle, and it is checked by
 * the compiler like everything else. The price: such a function may use nothing but its parameters and Node's globals.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import type * as crypto from 'node:crypto';
import type * as http from 'node:http';
import type * as http2 from 'node:http2';
import type * as https from 'node:https';

/** What a program gets instead of imports. */
export interface ProgramTools {
  readonly crypto: typeof crypto;
  readonly http: typeof http;
  readonly http2: typeof http2;
  readonly https: typeof https;
  /** Real time: these are real servers. */
  readonly later: (callback: () => void, delayMs: number) => NodeJS.Timeout;
}

/** What a program answers to. `start` is the first command and gets the options; SIGTERM arrives as `terminate`. */
export type ProgramCommands = Readonly<Record<string, (payload: never) => unknown>>;

export interface ServerProcess {
  /** Runs a command in the child. Rejects when the child fails at it, is paused, or is gone. */
  call(command: string, payload?: unknown): Promise<unknown>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM, after SIGCONT if it is paused; resolves when the process is gone. */
  terminate(): Promise<void>;
  /** SIGSTOP: the kernel still accepts connections, nobody answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  readonly state: 'running' | 'paused' | 'gone';
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** @param program a function that uses nothing but its parameter and Node's globals. */
export async function startServerProcess(
  program: (tools: ProgramTools) => ProgramCommands,
  options: unknown,
): Promise<{ readonly server: ServerProcess; readonly started: unknown }> {
  const child = spawn(process.execPath, ['--input-type=commonjs', '-'], {
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    // Loaders and inspectors of the parent are not meant for the child.
    env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '' },
  });
  child.stdin?.end(programText(program));
  const server = superviseServer(child);
  try {
    return { server, started: await server.call('start', options) };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

function superviseServer(child: ChildProcess): ServerProcess {
  let state: ServerProcess['state'] = 'running';
  let nextId = 0;
  let releasePause: (() => void) | undefined;
  const pending = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();

  const gone = new Promise<void>((resolve) => {
    const finish = (why: string): void => {
      state = 'gone';
      releasePause?.();
      for (const { reject } of pending.values()) reject(new Error(why));
      pending.clear();
      resolve();
    };
    child.once('exit', (code, signal) =>
      finish(`the server process ended (${signal ?? `exit code ${code ?? 'unknown'}`})`),
    );
    child.once('error', (error) => finish(`the server process could not start: ${error.message}`));
  });
  child.on('message', (message) => {
    const reply = message as Reply;
    const waiter = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.error === undefined) waiter?.resolve(reply.result);
    else waiter?.reject(new Error(reply.error));
  });

  return {
    call: (command, payload) =>
      new Promise((resolve, reject) => {
        if (state !== 'running') return reject(new Error(`the server process is ${state}`));
        const id = nextId++;
        pending.set(id, { resolve, reject });
        // A failed send is followed by `exit`, which rejects.
        child.send({ id, command, payload }, () => {});
      }),
    async kill() {
      if (state !== 'gone') child.kill('SIGKILL');
      await gone;
    },
    async terminate() {
      this.resume();
      if (state !== 'gone') child.kill('SIGTERM');
      await gone;
    },
    pause() {
      if (state !== 'running' || child.pid === undefined) throw new Error(`the server process is ${state}`);
      child.kill('SIGSTOP');
      state = 'paused';
      releasePause = guardPause(child.pid);
    },
    resume() {
      if (state !== 'paused') return;
      state = 'running';
      child.kill('SIGCONT');
      releasePause?.();
    },
    get state() {
      return state;
    },
  };
}

/**
 * A stopped process does not notice that its parent died, and would stay for ever. So a shell waits for the end of a
 * pipe, which comes with the parent's death however that happens, and wakes it up to see for itself.
 */
function guardPause(pid: number): () => void {
  const guard = spawn('sh', ['-c', 'read -r _; kill -CONT "$0" 2>/dev/null', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  return () => guard.stdin.end();
}

function programText(program: (tools: ProgramTools) => ProgramCommands): string {
  // `__name` is what some compilers wrap functions in to keep their names; it does not travel with the text.
  return `'use strict';
    const __name = (value) => value;
    const tools = {
      crypto: require('node:crypto'), http: require('node:http'), http2: require('node:http2'), https: require('node:https'),
      later: (callback, delayMs) => setTimeout(callback, delayMs),
    };
    (${answerCommands.toString()})((${program.toString()})(tools));`;
}

/** Runs in the child. */
function answerCommands(commands: ProgramCommands): void {
  process.on('message', (message: { id: number; command: string; payload: unknown }) => {
    const run = commands[message.command] as ((payload: unknown) => unknown) | undefined;
    Promise.resolve()
      .then(() => {
        if (run === undefined) throw new Error(`unknown command ${message.command}`);
        return run(message.payload);
      })
      .then(
        (result) => process.send?.({ id: message.id, result }),
        (error: Error) => process.send?.({ id: message.id, error: error.message }),
      );
  });
  process.on('SIGTERM', () => commands['terminate']?.(undefined as never));
  // The terminal's Ctrl-C goes to the whole group; the parent decides what becomes of its servers.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
}

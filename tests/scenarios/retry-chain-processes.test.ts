/** Three services with a client each, every one in a process of its own, over one that fails: retries must not multiply. */

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

const PROGRAM = join(__dirname, 'programs/chain-link.mjs');
const links: ChildProcess[] = [];
let last: HttpListeners;

afterEach(async () => {
  for (const link of links.splice(0)) link.kill('SIGKILL');
  await last.close();
});

interface Link {
  readonly address: string;
  /** Makes calls to the next one, so many at once. @returns how many requests it has served itself */
  call(calls: number, atOnce: number): Promise<number>;
}

async function startLink(next: string): Promise<Link> {
  const link = fork(PROGRAM, { env: { ...process.env, NEXT: next, NODE_OPTIONS: '' } });
  links.push(link);
  const [{ port }] = (await once(link, 'message')) as [{ port: number }];
  return {
    address: `127.0.0.1:${port}`,
    async call(calls, atOnce) {
      const told = once(link, 'message') as Promise<[{ served: number }]>;
      link.send({ calls, atOnce });
      return (await told)[0].served;
    },
  };
}

describe('a chain of three processes, by default', () => {
  // Of a single call each layer may make two retries before it knows that they help nobody; with twenty, that is known.
  it.each([
    [20, 1],
    [50, 5],
    [1_000, 50],
  ])(
    'makes at most 1.5 attempts at a service that fails for each of %i calls, %i at once',
    async (calls, atOnce) => {
      let attempts = 0;
      last = await startHttpListeners((_, response) => {
        attempts++;
        response.writeHead(503).end();
      });
      const c = await startLink(last.addresses[0] as string);
      const b = await startLink(c.address);
      const a = await startLink(b.address);
      await a.call(calls, atOnce);
      expect(attempts / calls).toBeLessThanOrEqual(1.5);
      expect((await c.call(0, 1)) / calls).toBeLessThanOrEqual(1.5);
      expect(attempts).toBeGreaterThan(0);
    },
    60_000,
  );
});

/** Whether the double of Nacos that other tests rely on is one: Nacos' npm client must be able to live with it. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

import { startNacosServer } from '../support/nacos-server.js';

const PROGRAM = join(__dirname, 'programs/nacos-client.mjs');

async function runClient(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-deprecation', PROGRAM, ...args], {
    timeout: 30_000,
  });
  return JSON.parse(stdout);
}

describe.each([{ credentials: undefined }, { credentials: { username: 'ada', password: 'hunter2' } }])(
  'the double of Nacos with $credentials',
  ({ credentials }) => {
    it('serves the npm client: registration, heartbeats, lists, clusters, groups, a subscription', async () => {
      await using nacos = await startNacosServer(credentials && { credentials });
      const seen = await runClient(`127.0.0.1:${nacos.port}`, ...Object.values(credentials ?? {}));
      expect(seen).toEqual({
        everybody: [
          { ip: '127.0.0.1', port: 8001, clusterName: 'DEFAULT', metadata: { zone: 'a' } },
          { ip: '127.0.0.1', port: 8002, clusterName: 'east', metadata: {} },
          { ip: '127.0.0.1', port: 8003, clusterName: 'DEFAULT', metadata: {} },
          { ip: '127.0.0.1', port: 8004, clusterName: 'DEFAULT', metadata: {} },
        ],
        selected: [8001, 8002],
        unwell: [8003],
        east: [8002],
        elsewhere: [8005],
        status: 'UP',
        told: [
          [8001, 8003, 8004],
          [8003, 8004],
          [8001, 8003, 8004],
        ],
        intervalMs: 5000,
        returned: [8001],
      });
      expect(new Set((await nacos.stats()).requests)).toEqual(
        new Set([
          'POST /nacos/v1/ns/instance',
          'PUT /nacos/v1/ns/instance/beat',
          'GET /nacos/v1/ns/instance/list',
          'GET /nacos/v1/ns/operator/metrics',
          'DELETE /nacos/v1/ns/instance',
        ]),
      );
    }, 40_000);
  },
);

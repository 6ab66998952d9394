import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(60_000);

const run = promisify(execFile);
const root = join(__dirname, '../..');

/**
 * The servers of `fairlead/testing` run from the text of functions. A build that lowers syntax makes that text call helpers
 * which do not travel with it, so each build must show that its servers start.
 */
describe('the built fairlead/testing', () => {
  const program = `
    const answer = async ({ startFleet, startRegistryServer }) => {
      const fleet = await startFleet({ size: 1 });
      const registry = await startRegistryServer({ services: { orders: fleet.addresses } });
      const [group] = await (await fetch(registry.urlOf('orders'))).json();
      const response = await fetch('http://' + group.targets[0]);
      console.log((await response.json()).server);
      await fleet.close();
      await registry.close();
    };`;

  it('starts its servers from the ESM build', async () => {
    const source = `${program} import('./dist/testing.js').then(answer);`;
    expect((await run(process.execPath, ['-e', source], { cwd: root })).stdout).toBe('s1\n');
  });

  it('starts its servers from the CommonJS build', async () => {
    const source = `${program} answer(require('./dist/testing.cjs'));`;
    expect((await run(process.execPath, ['-e', source], { cwd: root })).stdout).toBe('s1\n');
  });
});

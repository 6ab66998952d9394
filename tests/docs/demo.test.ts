import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');

/** What the demo starts inherits its environment, and by that can be found when it is over. */
function startDemo(seconds: number): { readonly run: ReturnType<typeof spawn>; readonly leftovers: () => string[] } {
  const mark = `FAIRLEAD_DEMO_MARK=${randomUUID()}`;
  const [name, value] = mark.split('=') as [string, string];
  const run = spawn(process.execPath, ['examples/demo/demo.mjs'], {
    cwd: root,
    env: { ...process.env, FAIRLEAD_DEMO_SECONDS: String(seconds), [name]: value },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const leftovers = (): string[] =>
    execFileSync('ps', ['axeww'], { encoding: 'utf8', maxBuffer: 1 << 26 })
      .split('\n')
      .filter((line) => line.includes(mark));
  return { run, leftovers };
}

async function finished(run: ReturnType<typeof spawn>): Promise<{ code: unknown; output: string }> {
  let output = '';
  run.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  run.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(run, 'close')) as [unknown];
  return { code, output };
}

describe('the demo without a terminal', () => {
  it('goes through its faults without an error that a caller sees, and leaves no process behind', async () => {
    const { run, leftovers } = startDemo(10);

    const { code, output } = await finished(run);

    expect(output).toMatch(/^\d+ calls, 0 errors seen by callers;/m);
    for (const act of ['kills s2', 'hangs s3', 'breaks s4', 'slows s5', 'deploys a replacement'])
      expect(output).toContain(act);
    expect(output).toMatch(/Fairlead ejects s3 .*silence/);
    expect(output).toContain('Fairlead hears from the registry that s2 is gone');
    // No colours and no cursor movements where nobody looks.
    expect(output.includes('\u001B')).toBe(false);
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  }, 60_000);

  it('leaves no process behind when it is interrupted, stopped servers included', async () => {
    const { run, leftovers } = startDemo(10);
    const end = finished(run);
    await new Promise<void>((hung) => {
      run.stdout?.on('data', (text: Buffer) => {
        if (text.includes('hangs s3')) hung();
      });
    });
    expect(leftovers().length).toBeGreaterThan(8);

    run.kill('SIGINT');

    expect((await end).code).toBe(130);
    expect(leftovers()).toEqual([]);
  }, 60_000);
});

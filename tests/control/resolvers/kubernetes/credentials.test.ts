import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createCredentials } from '../../../../src/control/resolvers/kubernetes/credentials.js';
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.js';

let folder: string;
let clock: FakeClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-token-'));
  clock = createFakeClock();
  writeFileSync(join(folder, 'token'), 'first\n');
  writeFileSync(join(folder, 'ca.crt'), 'CA 1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (): ReturnType<typeof createCredentials> =>
  createCredentials(
    {
      url: new URL('https://api.test'),
      namespace: undefined,
      token: { file: join(folder, 'token') },
      tls: { ca: { file: join(folder, 'ca.crt') }, serverName: 'kubernetes' },
    },
    clock,
  );

describe('credentials in files', () => {
  it('are read again when they are a minute old', async () => {
    const credentials = start();
    expect((await credentials.current()).token).toBe('first');
    writeFileSync(join(folder, 'token'), 'second');
    clock.advance(59_999);
    expect((await credentials.current()).token).toBe('first');
    clock.advance(1);
    expect((await credentials.current()).token).toBe('second');
  });

  it('are read again at once when the server has refused them', async () => {
    const credentials = start();
    await credentials.current();
    writeFileSync(join(folder, 'token'), 'second');
    credentials.refused();
    expect((await credentials.current()).token).toBe('second');
  });

  it('give another fetch when the authorities change, and only then', async () => {
    const credentials = start();
    const first = (await credentials.current()).fetch;
    clock.advance(60_000);
    expect((await credentials.current()).fetch).toBe(first);
    writeFileSync(join(folder, 'ca.crt'), 'CA 2');
    clock.advance(60_000);
    expect((await credentials.current()).fetch).not.toBe(first);
  });

  it('are used on while they cannot be read, but must have been read once', async () => {
    const credentials = start();
    await credentials.current();
    rmSync(join(folder, 'token'));
    clock.advance(60_000);
    expect((await credentials.current()).token).toBe('first');
    await expect(start().current()).rejects.toThrow(/^cannot read .*\/token: ENOENT/);
  });

  it('are no credentials when they are empty', async () => {
    writeFileSync(join(folder, 'token'), ' \n');
    await expect(start().current()).rejects.toThrow('the token is empty');
  });
});

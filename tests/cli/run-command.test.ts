/** The command over resolvers that answer at once. Real processes and servers: tests/scenarios/cli.test.ts. */

import { describe, expect, it } from '@jest/globals';

import { runCommand } from '../../src/cli/run-command.js';

async function run(
  env: Record<string, string>,
  ...words: string[]
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await runCommand(words, {
    version: '1.2.3',
    env,
    readFile: () => '',
    isTerminal: false,
    print: (text) => void (out += text),
    printError: (text) => void (err += text),
    signal: new AbortController().signal,
  });
  return { code, out: out.replace(/\d+ ms\)/g, '? ms)'), err };
}

describe('fairlead resolve', () => {
  it('prints who serves it, with the columns that say something', async () => {
    const { code, out } = await run({ ORDERS_URLS: 'http://b:2/api,[::1]:3' }, 'resolve', 'env:orders');
    expect(code).toBe(0);
    expect(out).toBe(`found 2 endpoints (env, ? ms)
changes are told by the source
the source vouches for it: an empty or much shorter list is believed at once

endpoint        metadata
http://b:2/api  variable=ORDERS_URLS
[::1]:3         variable=ORDERS_URLS
`);
  });

  it('says what a client would not use, and why', async () => {
    const { code, out } = await run({ ORDERS_URLS: '169.254.169.254:80 h:0 a:1' }, 'resolve', 'env:orders');
    expect(code).toBe(0);
    expect(out).toMatch(/\nleft out: "h:0": must be 'host:port'/);
    expect(out).toMatch(
      /\nrefused unless `allow` says otherwise: 169\.254\.169\.254:80: .* a cloud metadata address\n$/,
    );
  });

  it('exits with 1 when nobody serves it, 2 when it cannot be asked, 3 when it is used wrongly', async () => {
    expect(await run({}, 'resolve', 'static:')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^nobody serves it: the answer is an empty list \(static/),
    });
    expect(await run({}, 'resolve', 'env:orders')).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^could not ask: no environment variable says where it is: not ORDERS_URLS/),
    });
    expect(await run({}, 'resolve', 'static:a:0')).toEqual({
      code: 3,
      out: '',
      err: expect.stringMatching(/^fairlead: ERR_INVALID_OPTION: staticResolver\[0\].*\nTry fairlead --help\.\n$/),
    });
  });

  it('prints one JSON object with --json', async () => {
    const { code, out } = await run({ ORDERS_URLS: 'a:1 h:0' }, 'resolve', 'env:orders', '--json');
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(2);
    expect(JSON.parse(out)).toEqual({
      atMs: expect.any(Number),
      spec: 'env:orders',
      resolver: 'env',
      status: 'found',
      tookMs: expect.any(Number),
      authoritative: true,
      endpoints: [
        expect.objectContaining({
          id: 'http://a:1',
          host: 'a',
          port: 1,
          weight: 1,
          metadata: { variable: 'ORDERS_URLS' },
        }),
      ],
      refused: [{ input: '"h:0"', reason: expect.any(String) }],
      problems: [expect.stringMatching(/^left out: "h:0"/)],
    });
  });

  it('says its version and its usage', async () => {
    expect(await run({}, '--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
    expect((await run({}, '--help')).out).toMatch(/^Usage: fairlead resolve <where>/);
  });
});

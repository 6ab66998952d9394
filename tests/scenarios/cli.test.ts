/** `npx fairlead resolve` as people use it: the built command in a process of its own, against real servers. */

import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { freePort } from '../support/free-port.js';
import { startKnot, type Knot } from '../support/knot.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const COMMAND = join(__dirname, '../../dist/cli.js');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs to its end; one that does not end is killed, and has no exit code then. */
function run(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...env }, timeout: 30_000 };
    const child = execFile(process.execPath, [COMMAND, ...words], options, (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });
}

interface Watching extends AsyncDisposable {
  readonly out: () => string;
  readonly child: ChildProcessWithoutNullStreams;
  /** Sends the signal; answers the exit code. */
  end(signal: 'SIGINT' | 'SIGTERM'): Promise<number | null>;
}

function watch(...words: readonly string[]): Watching {
  const child = spawn(process.execPath, [COMMAND, 'resolve', '--watch', ...words]);
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    out: () => out,
    async end(signal) {
      child.kill(signal);
      return exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const says = (watching: Watching, text: string | RegExp): Promise<unknown> =>
  until(() => watching.out().match(text) !== null, { what: `${text} in ${watching.out()}`, timeoutMs: 20_000 });

describe('fairlead resolve', () => {
  let folder: string;
  let registry: RegistryServer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-cli-'));
    registry = await startRegistryServer({
      services: { orders: ['10.0.0.1:80', '10.0.0.2:80'] },
      token: 's3cret',
    });
  });
  afterEach(async () => {
    await registry.close();
    await rm(folder, { recursive: true });
  });

  it('asks an HTTP registry, with a token from the environment that appears nowhere', async () => {
    const words = ['resolve', registry.urlOf('orders'), '--header', 'authorization: $AUTH'];
    const { code, out, err } = await run(words, { AUTH: 'Bearer s3cret' });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^found 2 endpoints \(registry, .*\)\ntime to live 10 s\n\nendpoint\n10\.0\.0\.1:80\n10\.0\.0\.2:80\n$/,
    );

    const refused = await run(words, { AUTH: 'Bearer wrong-token' });
    expect(refused).toMatchObject({
      code: 2,
      err: '',
      out: expect.stringMatching(/^could not ask: GET http.*status 401/),
    });
    expect(refused.out).not.toMatch(/wrong-token/);
  });

  it('gives up after the timeout when the registry hangs', async () => {
    registry.pause();
    const started = performance.now();
    const { code, out } = await run(['resolve', registry.urlOf('orders'), '--timeout', '300ms']);
    registry.resume();
    expect(code).toBe(2);
    expect(out).toMatch(/^could not ask: .*no answer within 300 ms/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('watches a file: says what came and went, what failed, and ends well when it is told to', async () => {
    const file = join(folder, 'orders.json');
    await writeFile(file, '["a:1", "b:1"]');
    await using watching = watch(`file:${file}`);
    await says(watching, /found 2 endpoints/);
    await writeFile(`${file}.new`, '["a:1", "c:1"]');
    await rename(`${file}.new`, file);
    await says(watching, /\d\d:\d\d:\d\d {2}found 2 endpoints.*\n {2}\+ c:1\n {2}- b:1\n/);
    await rm(file);
    await says(watching, /could not ask: .*ENOENT.*; what was known is still used: 2 endpoints/);
    expect(await watching.end('SIGINT')).toBe(0);
  });

  it('watches with --json: one object a line', async () => {
    const file = join(folder, 'orders.json');
    await writeFile(file, '["a:1"]');
    await using watching = watch(`file:${file}`, '--json');
    await says(watching, /\n$/);
    await writeFile(file, '["a:1", "b:1"]');
    await says(watching, /b:1.*\n$/);
    const lines = watching
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ status: 'found', endpoints: [{ id: 'http://a:1' }, { id: 'http://b:1' }] });
    expect(await watching.end('SIGTERM')).toBe(0);
  });

  it('stops quietly when nobody reads any more', async () => {
    const file = join(folder, 'orders.json');
    await writeFile(file, '["a:1"]');
    const watching = watch(`file:${file}`);
    let err = '';
    watching.child.stderr.on('data', (chunk) => (err += String(chunk)));
    await says(watching, /found 1 endpoint/);
    const exited = new Promise<number | null>((resolve) => watching.child.once('exit', resolve));
    watching.child.stdout.destroy();
    await writeFile(file, '["b:1", "c:1"]');
    expect(await exited).toBe(0);
    expect(err).toBe('');
  });

  it('says what is wrong with how it is used, on the other stream', async () => {
    expect(await run(['resolve', 'dsn:orders'])).toEqual({
      code: 3,
      out: '',
      err: expect.stringMatching(/did you mean dns: \?\nTry fairlead --help\.\n$/),
    });
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+.*\n$/) });
  });
});

describeWithServer('knot', 'fairlead resolve, asking DNS', () => {
  let knot: Knot;
  beforeAll(async () => {
    knot = await startKnot({
      zones: {
        knot: [
          'orders 20 A 10.0.0.1',
          'orders 30 AAAA fd00::1',
          'moving 1 A 10.0.0.7',
          '_http._tcp.orders 40 SRV 1 10 8080 orders',
        ],
      },
      brokenZones: ['broken'],
    });
  }, 60_000);
  afterAll(() => knot.close());

  const ask = (...words: string[]): Promise<Ended> => run(['resolve', ...words, '--server', knot.address]);

  it('says which record, which server and what time to live', async () => {
    const { code, out, err } = await ask('dns:orders.knot:80');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^found 2 endpoints \(dns, .*\ntime to live 20 s\n/);
    expect(out).toMatch(/\n10\.0\.0\.1:80 +A orders\.knot by 127\.0\.0\.1:\d+, 20 s\n/);
    expect(out).toMatch(/\n\[fd00::1\]:80 +AAAA orders\.knot by 127\.0\.0\.1:\d+, 30 s\n/);
    expect(out).toMatch(/\nasked:\n {2}A +orders\.knot +127\.0\.0\.1:\d+ +found +ttl 20 s +in \d+ ms\n/);
  });

  it('asks for services, with their priorities and weights, as JSON too', async () => {
    const { out } = await ask('dns+srv:_http._tcp.orders.knot');
    expect(out).toMatch(/endpoint +weight +priority +from/);
    expect(out).toMatch(/10\.0\.0\.1:8080 +10 +1 +SRV _http\._tcp\.orders\.knot → A orders\.knot by /);
    const json = JSON.parse((await ask('dns+srv:_http._tcp.orders.knot', '--json')).out);
    expect(json).toMatchObject({ status: 'found', ttlMs: 20_000, resolver: 'dns' });
    expect(json.endpoints[0]).toMatchObject({ priority: 1, weight: 10, from: { server: expect.any(String) } });
    expect(json.questions[0]).toMatchObject({ type: 'SRV', outcome: 'found' });
  });

  it('tells a name that does not exist from a server that fails and from one that is not there', async () => {
    expect(await ask('dns:nowhere.knot')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^nobody serves it[^]*A +nowhere\.knot +\S+ +no such name \(NXDOMAIN\)/),
    });
    expect(await ask('dns:x.broken')).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^could not ask: ESERVFAIL[^]*A +x\.broken +\S+ +failed: .*SERVFAIL/),
    });
    const port = await freePort();
    const gone = await run(['resolve', 'dns:orders.knot?tries=1&timeoutMs=200', '--server', `127.0.0.1:${port}`]);
    expect(gone).toMatchObject({ code: 2, out: expect.stringMatching(/^could not ask: ECONNREFUSED/) });
  });

  it('watches a record that changes', async () => {
    await using watching = watch('dns:moving.knot:80', '--server', knot.address);
    await says(watching, /found 1 endpoint[^]*10\.0\.0\.7:80/);
    await knot.setRecords('knot', 'moving', 'A', 1, ['10.0.0.8']);
    await says(watching, /\n {2}\+ 10\.0\.0\.8:80\n {2}- 10\.0\.0\.7:80\n/);
    expect(await watching.end('SIGINT')).toBe(0);
  });
});

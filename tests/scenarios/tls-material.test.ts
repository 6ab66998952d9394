/** Certificates that come from files, change while calls are under way, or are wrong. */

import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import {
  createClient,
  staticResolver,
  type Client,
  type EndpointInput,
  type FairleadEvents,
  type ServiceOptions,
} from '../../src/index.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { rejectionOf } from '../support/rejection.js';
import { startSecureServer, type SecureServer } from '../support/secure-server.js';
import { until } from '../support/until.js';

const NAME = 'orders.internal';
const URL_OF = `https://${NAME}/`;

let ca: CertificateAuthority;
let otherCa: CertificateAuthority;
let own: Certificate;
let wrong: Certificate;
let old: Certificate;
let fresh: Certificate;
let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  [ca, otherCa] = await Promise.all([createCertificateAuthority(), createCertificateAuthority('another CA')]);
  [own, wrong, old, fresh] = await Promise.all([
    ca.issue(NAME),
    ca.issue('payments.internal'),
    ca.issue('client-old'),
    ca.issue('client-fresh'),
  ]);
}, 60_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-tls-'));
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true });
});

async function serve(
  options: ServerOptions = own,
  listener?: Parameters<typeof startSecureServer>[1],
): Promise<SecureServer> {
  const server = await startSecureServer(options, listener);
  cleanups.push(async () => server[Symbol.asyncDispose]());
  return server;
}

/** OpenSSL's own: it ends the handshake with an alert, where a server of Node lets it succeed and then hangs up. */
async function startStrictServer(): Promise<string> {
  const port = await freePort();
  const files = await putClient(own);
  const args = ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', files.certFile, '-key', files.keyFile, '-www'];
  const server = spawn('openssl', [
    ...args,
    '-CAfile',
    await put('ca.crt', ca.cert),
    '-Verify',
    '1',
    '-verify_return_error',
  ]);
  cleanups.push(async () => server.kill());
  await until(() => canConnect(port), { what: 'openssl s_server' });
  return `127.0.0.1:${port}`;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve((socket.destroy(), true)));
    socket.on('error', () => resolve(false));
  });
}

interface Started {
  readonly client: Client;
  readonly reloads: FairleadEvents['tlsReload'][0][];
  readonly warnings: string[];
}

function start(endpoints: readonly EndpointInput[], options: Partial<ServiceOptions>): Started {
  const client = createClient({ services: { [NAME]: { resolver: staticResolver(endpoints), ...options } } });
  cleanups.push(() => client.close({ timeoutMs: 0 }));
  const started: Started = { client, reloads: [], warnings: [] };
  client.on('tlsReload', (event) => started.reloads.push(event));
  client.on('warning', ({ message }) => started.warnings.push(message));
  return started;
}

/** As those who issue certificates do it: never half a file. */
async function put(name: string, text: string): Promise<string> {
  await writeFile(path(`${name}.new`), text);
  await rename(path(`${name}.new`), path(name));
  return path(name);
}

async function putClient({ cert, key }: Certificate): Promise<{ certFile: string; keyFile: string }> {
  return { certFile: await put('tls.crt', cert), keyFile: await put('tls.key', key) };
}

const text = async (client: Client, init?: RequestInit): Promise<string> => (await client.fetch(URL_OF, init)).text();
const mutual = (): ServerOptions => ({ ...own, ca: ca.cert, requestCert: true, rejectUnauthorized: true });

describe('TLS material from files', () => {
  it('is shown to a server that asks for a certificate, and verifies that server', async () => {
    const server = await serve(mutual());
    const { client } = start([server.address], {
      tls: { caFile: await put('ca.crt', ca.cert), ...(await putClient(old)) },
    });
    expect(await text(client)).toBe('ok');
    expect(server.visits).toMatchObject([{ client: 'client-old', serverName: NAME, host: NAME }]);
  });

  it('is replaced while calls are under way, and none of them fails', async () => {
    const streaming: ServerResponse[] = [];
    const server = await serve(mutual(), (request, response) => {
      if (request.method === 'POST') return void response.end('ok');
      response.write('first ');
      streaming.push(response);
    });
    const files = await putClient(old);
    const { client, reloads } = start([server.address], { tls: { ca: ca.cert, ...files, reloadIntervalMs: 100 } });
    const body = await client.fetch(URL_OF);
    expect(await text(client, { method: 'POST', body: 'x' })).toBe('ok');
    const before = new Set(server.open);
    expect(before.size).toBe(2);

    await put('tls.key', fresh.key);
    await put('tls.crt', fresh.cert);
    let calls = 0;
    await until(
      async () => {
        calls++;
        expect(await text(client, { method: 'POST', body: 'x' })).toBe('ok');
        return server.visits.at(-1)?.client === 'client-fresh';
      },
      { what: 'the new certificate', timeoutMs: 20_000 },
    );
    expect(reloads.filter(({ error }) => error === undefined)).toEqual([{ service: NAME, error: undefined }]);
    expect(new Set(server.visits.slice(2, -1).map((visit) => visit.client))).toEqual(
      calls > 1 ? new Set(['client-old']) : new Set(),
    );

    // The answer that was under way arrives whole, and only then does its connection go.
    expect([...before].filter((socket) => server.open.has(socket))).toHaveLength(1);
    streaming[0]?.end('second');
    expect(await body.text()).toBe('first second');
    await until(() => [...before].every((socket) => !server.open.has(socket)), { what: 'old connections to close' });
  }, 30_000);

  it('stays as it was when a new file cannot be used, and says so once', async () => {
    const server = await serve(mutual());
    const caFile = await put('ca.crt', ca.cert);
    const { client, reloads } = start([server.address], {
      tls: { caFile, ...(await putClient(old)), reloadIntervalMs: 100 },
      transport: { maxConnectionAgeMs: 100 },
    });
    expect(await text(client)).toBe('ok');

    await put('tls.crt', fresh.cert);
    await until(() => reloads.length === 1, { what: 'the event' });
    expect(reloads[0]?.error?.message).toMatch(
      /^tls\.certFile .*tls\.crt with tls\.keyFile .*tls\.key cannot be used: /,
    );
    await put('tls.key', fresh.key);
    await until(() => reloads.length === 2, { what: 'the reload' });
    expect(reloads[1]?.error).toBeUndefined();

    await put('ca.crt', '');
    await until(() => reloads.length === 3, { what: 'the event' });
    expect(reloads[2]?.error?.message).toMatch(/^tls\.caFile .*ca\.crt cannot be used: it holds no certificate/);
    await rm(caFile);
    await until(() => reloads.length === 4, { what: 'the event' });
    expect(reloads[3]?.error).toMatchObject({ code: 'ENOENT' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reloads).toHaveLength(4);
    expect(await text(client)).toBe('ok');
    expect(server.visits.at(-1)).toMatchObject({ client: 'client-fresh' });
  }, 30_000);

  it('fails calls with the name of the file while there is none, and is used as soon as there is', async () => {
    const server = await serve();
    const { client } = start([server.address], { tls: { caFile: path('ca.crt') } });
    const error = await rejectionOf(text(client));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ALL_ATTEMPTS_FAILED', cause: { code: 'ENOENT' } });
    expect(error.message).toContain(`tls.caFile ${path('ca.crt')} cannot be used`);
    await put('ca.crt', ca.cert);
    expect(await text(client)).toBe('ok');
  });

  it('stops trusting an authority that was replaced, in spite of sessions that could be resumed', async () => {
    const server = await serve();
    const { client, reloads } = start([server.address], {
      tls: { caFile: await put('ca.crt', ca.cert), reloadIntervalMs: 100 },
      retry: false,
    });
    expect(await text(client)).toBe('ok');
    await put('ca.crt', otherCa.cert);
    await until(() => reloads.length === 1, { what: 'the reload' });
    const error = await rejectionOf(text(client));
    expect(error.cause?.code).toMatch(/^UNABLE_TO_/);
    expect(server.visits).toHaveLength(1);
  });
});

describe('TLS to a service', () => {
  it('resumes sessions: later connections need no full handshake', async () => {
    const server = await serve(own, (_, response) => response.setHeader('connection', 'close').end('ok'));
    const { client } = start([server.address], { tls: { ca: ca.cert } });
    for (let i = 0; i < 4; i++) expect(await text(client)).toBe('ok');
    expect(server.visits.map(({ resumed }) => resumed)).toEqual([false, true, true, true]);
  });

  it('asks for the configured name, unless an endpoint has one of its own', async () => {
    const [server, node] = await Promise.all([serve(wrong), serve(await ca.issue('node1.internal'))]);
    const tls = { ca: ca.cert, serverName: 'payments.internal' };
    const first = start([server.address], { tls });
    expect(await text(first.client)).toBe('ok');
    expect(server.visits).toMatchObject([{ serverName: 'payments.internal', host: NAME }]);
    const second = start([{ host: '127.0.0.1', port: node.port, hostname: 'node1.internal' }], { tls });
    expect(await text(second.client)).toBe('ok');
    expect(node.visits).toMatchObject([{ serverName: 'node1.internal', host: 'node1.internal' }]);
  });

  it('speaks no version below the configured one', async () => {
    const server = await serve({ ...own, maxVersion: 'TLSv1.2' });
    expect(await text(start([server.address], { tls: { ca: ca.cert } }).client)).toBe('ok');
    expect(server.visits).toMatchObject([{ protocol: 'TLSv1.2' }]);
    const strict = start([server.address], { tls: { ca: ca.cert, minVersion: 'TLSv1.3' } });
    const error = await rejectionOf(text(strict.client));
    expect(error.message).toContain(`TLS with ${server.address} for ${NAME} failed`);
    expect(server.visits).toHaveLength(1);
  });

  it('takes certificate and key as PKCS #12, with their passphrase, as a buffer or a file', async () => {
    const server = await serve({ ...own, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const { certFile, keyFile } = await putClient(fresh);
    const pfxFile = path('client.p12');
    const args = ['pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', pfxFile];
    await promisify(execFile)('openssl', [...args, '-passout', 'pass:open-sesame']);
    for (const pfx of [{ pfxFile }, { pfx: await readFile(pfxFile) }]) {
      const { client } = start([server.address], { tls: { ca: ca.cert, ...pfx, passphrase: 'open-sesame' } });
      expect(await text(client)).toBe('ok');
      expect(server.visits.splice(0)).toMatchObject([{ client: 'client-fresh' }]);
      const locked = start([server.address], { tls: { ca: ca.cert, ...pfx, passphrase: 'secret' } });
      const { message } = await rejectionOf(text(locked.client));
      expect(message).toMatch(/tls\.pfx.* cannot be used/);
      expect(message).not.toContain('secret');
    }
  });

  it('says which endpoint and which name failed, and does not ask that endpoint twice', async () => {
    const plain = createPlainServer((_, response) => response.end()).listen(0, '127.0.0.1');
    cleanups.push(async () => plain.close());
    await until(() => plain.listening, { what: 'the server' });
    const plainAddress = `127.0.0.1:${(plain.address() as { port: number }).port}`;
    const [impostor, stranger] = await Promise.all([serve(wrong), serve(await otherCa.issue(NAME))]);
    const cases = [
      [impostor.address, 'ERR_TLS_CERT_ALTNAME_INVALID', 'payments.internal'],
      [stranger.address, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate'],
      [plainAddress, 'ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)', ''],
    ] as const;
    for (const [address, code, detail] of cases) {
      const { client } = start([address], { tls: { ca: ca.cert } });
      const error = await rejectionOf(text(client));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ALL_ATTEMPTS_FAILED', service: NAME });
      expect(error.cause?.code).toMatch(new RegExp(`^(${code})$`));
      expect(error.message).toContain(`TLS with ${address} for ${NAME} failed: `);
      expect(error.message).toContain(detail);
      expect(error.attempts).toHaveLength(1);
    }
    expect(impostor.visits.length + stranger.visits.length).toBe(0);
  });

  it('repeats a POST elsewhere when a server refuses the client itself, because that server did nothing', async () => {
    const lenient = await serve();
    const strict = await startStrictServer();
    const { client } = start([strict, lenient.address], { tls: { ca: ca.cert }, balancer: 'round-robin' });
    for (let i = 0; i < 4; i++) expect(await text(client, { method: 'POST', body: `order ${i}` })).toBe('ok');
    expect(lenient.visits).toHaveLength(4);

    const alone = start([strict], { tls: { ca: ca.cert }, retry: false });
    const error = await rejectionOf(text(alone.client, { method: 'POST', body: 'order 1' }));
    expect(error.message).toContain(`${strict} for ${NAME} ended TLS: `);
    expect(error.cause?.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  });

  it('verifies nothing only when an option says how dangerous that is, and warns', async () => {
    const [impostor, stranger] = await Promise.all([serve(wrong), serve(await otherCa.issue(NAME))]);
    const { client, warnings } = start([impostor.address, stranger.address], {
      tls: { dangerouslySkipVerification: true },
      balancer: 'round-robin',
    });
    for (let i = 0; i < 4; i++) expect(await text(client)).toBe('ok');
    expect(impostor.visits).toHaveLength(2);
    expect(stranger.visits).toHaveLength(2);
    expect(warnings).toEqual([expect.stringContaining('dangerouslySkipVerification')]);
  });
});

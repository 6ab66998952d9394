import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import http2 from 'node:http2';

import { startFleet, type Fleet, type FleetServer } from '../../src/testing/fleet.js';
import { createCertificateAuthority } from '../support/certificates.js';

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

type AskOptions = https.RequestOptions & { body?: string };

/** The plainest client there is. Without an agent every call is a connection of its own. */
function ask(server: FleetServer, path: string, { body, ...options }: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request } = server.url.startsWith('https:') ? https : http;
    const req = request(server.url + path, { agent: false, ...options }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => (text += chunk));
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

/** Whether the call is still unanswered after a while. */
const isSilent = (promise: Promise<unknown>, ms = 150): Promise<boolean> =>
  Promise.race([
    promise.then(
      () => false,
      () => false,
    ),
    new Promise<boolean>((resolve) => setTimeout(resolve, ms, true)),
  ]);

describe('a fleet', () => {
  let fleet: Fleet;
  let server: FleetServer;

  beforeAll(async () => {
    fleet = await startFleet({ size: 2 });
    server = fleet.servers[0]!;
  });
  afterAll(() => fleet.close());
  beforeEach(async () => {
    await server.setMode({ kind: 'ok' });
    await server.clearStats();
  });

  it('gives every server an id and a port of its own', async () => {
    expect(fleet.servers.map(({ id }) => id)).toEqual(['s1', 's2']);
    expect(new Set(fleet.addresses).size).toBe(2);
    const answers = await Promise.all(fleet.servers.map((each) => ask(each, '/')));
    expect(answers.map(({ headers }) => headers['x-server'])).toEqual(['s1', 's2']);
  });

  it('describes what arrived', async () => {
    const body = 'é'.repeat(1000);
    const sha = createHash('sha256').update(body).digest('hex');
    const headers = { 'x-request-id': 'r1', host: 'orders' };
    const answer = await ask(server, '/v1?q=1', { method: 'PUT', headers, body });
    expect(JSON.parse(answer.body)).toMatchObject({
      server: 's1',
      method: 'PUT',
      path: '/v1?q=1',
      host: 'orders',
      requestId: 'r1',
      httpVersion: '1.1',
      bodyBytes: 2000,
      bodySha256: sha,
    });
    expect(await server.stats()).toMatchObject({
      requests: 1,
      byMethod: { PUT: 1 },
      inFlight: 0,
      maxInFlight: 1,
      received: [{ id: 'r1', method: 'PUT', path: '/v1?q=1', bodyBytes: 2000, bodySha256: sha }],
    });
  });

  it('answers by path: echo, stream, delay, status, redirect, headers', async () => {
    const body = 'x'.repeat(300_000);
    expect((await ask(server, '/echo', { method: 'POST', body })).body).toBe(body);
    expect((await ask(server, '/stream?bytes=100001')).body).toHaveLength(100_001);
    expect(await ask(server, '/status/503?retry-after=2')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
    });
    const redirect = await ask(server, '/redirect?to=/next&status=307');
    expect(redirect).toMatchObject({ status: 307, headers: { location: '/next' } });
    expect(JSON.parse((await ask(server, '/headers', { headers: { 'x-a': 'b' } })).body)).toMatchObject({ 'x-a': 'b' });
    expect(await isSilent(ask(server, '/delay/400'))).toBe(true);
  });

  it('counts connections, so that keep-alive can be seen', async () => {
    const agent = new http.Agent({ keepAlive: true });
    const before = await server.stats();
    const first = JSON.parse((await ask(server, '/', { agent })).body);
    const second = JSON.parse((await ask(server, '/', { agent })).body);
    expect(second.connection).toBe(first.connection);
    const after = await server.stats();
    expect(after.connections - before.connections).toBe(1);
    expect(after.openSockets).toBeGreaterThanOrEqual(1);
    agent.destroy();
  });

  it('fails with a status of choice, except on the paths that are spared', async () => {
    await server.setMode(
      { kind: 'status', status: 503, headers: { 'retry-after': '1' } },
      { exceptPaths: ['/health'] },
    );
    expect(await ask(server, '/')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await ask(server, '/health')).toMatchObject({ status: 200 });
  });

  it('answers late when slow, and not at all when hung', async () => {
    await server.setMode({ kind: 'slow', delayMs: 300 });
    const slow = ask(server, '/');
    expect(await isSilent(slow)).toBe(true);
    expect((await slow).status).toBe(200);
    await server.setMode({ kind: 'hang' });
    const controller = new AbortController();
    const hung = ask(server, '/', { signal: controller.signal });
    expect(await isSilent(hung)).toBe(true);
    expect((await server.stats()).inFlight).toBe(1);
    controller.abort();
    expect(await code(hung)).toBe('ABORT_ERR');
  });

  it('resets connections before reading, after reading, or in the middle of the answer', async () => {
    await server.setMode({ kind: 'reset', when: 'before' });
    expect(await code(ask(server, '/'))).toBe('ECONNRESET');
    expect((await server.stats()).requests).toBe(0);
    await server.setMode({ kind: 'reset', when: 'after' });
    expect(await code(ask(server, '/', { method: 'POST', body: 'seen', headers: { 'x-request-id': 'r2' } }))).toBe(
      'ECONNRESET',
    );
    expect((await server.stats()).received).toMatchObject([{ id: 'r2', bodyBytes: 4 }]);
    await server.setMode({ kind: 'reset', when: 'body' });
    let status: number | undefined;
    const broken = new Promise((resolve, reject) => {
      http
        .get(server.url, { agent: false }, (res) => {
          status = res.statusCode;
          res.on('error', reject).on('end', resolve).resume();
        })
        .on('error', reject);
    });
    expect(await code(broken)).toBe('ECONNRESET');
    expect(status).toBe(200);
  });

  it('answers garbage', async () => {
    await server.setMode({ kind: 'garbage' });
    expect(await code(ask(server, '/'))).toMatch(/^HPE_/);
  });

  it('is flaky in the asked proportion', async () => {
    await server.setMode({ kind: 'flaky', ratio: 0.3, status: 500 });
    const agent = new http.Agent({ keepAlive: true });
    let failures = 0;
    for (let call = 0; call < 400; call++) failures += (await ask(server, '/', { agent })).status === 500 ? 1 : 0;
    agent.destroy();
    // Binomial(400, 0.3): mean 120, standard deviation sqrt(400 · 0.3 · 0.7) = 9.2. Five of them: 46.
    expect(Math.abs(failures - 120)).toBeLessThan(46);
  });

  it('is silent while paused, and answers what has piled up once resumed', async () => {
    server.pause();
    expect(server.state).toBe('paused');
    const waiting = ask(server, '/');
    expect(await isSilent(waiting)).toBe(true);
    await expect(server.stats()).rejects.toThrow(/paused/);
    server.resume();
    expect((await waiting).status).toBe(200);
  });

  it('refuses connections once killed, and comes back on the same port', async () => {
    const own = await fleet.add();
    await own.setMode({ kind: 'hang' });
    const inFlight = code(ask(own, '/'));
    expect(await isSilent(inFlight)).toBe(true);
    await own.kill();
    expect(own.state).toBe('gone');
    expect(await inFlight).toBe('ECONNRESET');
    expect(await code(ask(own, '/'))).toBe('ECONNREFUSED');
    await expect(own.setMode({ kind: 'ok' })).rejects.toThrow(/gone/);
    await own.restart();
    expect(await ask(own, '/')).toMatchObject({ status: 200, headers: { 'x-server': own.id } });
    own.pause();
    await own.kill();
    expect(await code(ask(own, '/'))).toBe('ECONNREFUSED');
  });

  it('stops gracefully: answers what is in flight and closes what is idle', async () => {
    const own = await fleet.add();
    const agent = new http.Agent({ keepAlive: true });
    await ask(own, '/', { agent });
    const inFlight = ask(own, '/delay/300');
    expect(await isSilent(inFlight)).toBe(true);
    const stopped = own.stop();
    expect(await isSilent(stopped, 50)).toBe(true);
    expect(await code(ask(own, '/'))).toBe('ECONNREFUSED');
    expect(await inFlight).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopped;
    agent.destroy();
  });
});

describe('a fleet with limits', () => {
  it('works on a few requests at once, lets some wait, and refuses the rest', async () => {
    const fleet = await startFleet({ size: 1, concurrency: 2, serviceTimeMs: 200, queueLimit: 2 });
    const server = fleet.servers[0]!;
    const startedAt = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { status } = await ask(server, '/');
        return [status, Math.floor((performance.now() - startedAt) / 200)];
      }),
    );
    await fleet.close();
    expect(answers.map(([status]) => status).sort()).toEqual([200, 200, 200, 200, 503]);
    const rounds = answers.filter(([status]) => status === 200).map(([, round]) => round!);
    // Two after one service time, two after two; the machine may add to it, never take away.
    expect(rounds.filter((round) => round >= 1)).toHaveLength(4);
    expect(rounds.filter((round) => round >= 2).length).toBeGreaterThanOrEqual(2);
  });

  it('shares one port among several addresses', async () => {
    const fleet = await startFleet({ hosts: ['127.0.0.11', '127.0.0.12'], samePort: true });
    expect(new Set(fleet.servers.map(({ port }) => port)).size).toBe(1);
    const answers = await Promise.all(fleet.servers.map((server) => ask(server, '/')));
    expect(answers.map(({ headers }) => headers['x-server'])).toEqual(['s1', 's2']);
    await fleet.close();
  });

  it('reports a port that it cannot have', async () => {
    const blocker = http.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    await expect(startFleet({ size: 1, port })).rejects.toThrow(/EADDRINUSE/);
    blocker.close();
  });
});

describe('a fleet over TLS', () => {
  it('presents its certificate, speaks HTTP/2 when offered, and resets below the encryption', async () => {
    const authority = await createCertificateAuthority();
    const certificate = await authority.issue('orders', '127.0.0.1');
    const fleet = await startFleet({ size: 1, tls: { ...certificate, http2: true } });
    const server = fleet.servers[0]!;
    const trust = { ca: authority.cert, servername: 'orders' };

    expect(JSON.parse((await ask(server, '/', trust)).body)).toMatchObject({
      servername: 'orders',
      httpVersion: '1.1',
    });
    expect(await code(ask(server, '/', { servername: 'orders' }))).toMatch(/SELF_SIGNED_CERT|UNABLE_TO/);
    expect(await code(ask(server, '/', { ...trust, servername: 'payments' }))).toBe('ERR_TLS_CERT_ALTNAME_INVALID');

    const session = http2.connect(server.url, trust);
    const overHttp2 = await new Promise<string>((resolve, reject) => {
      let text = '';
      const stream = session.request({ ':path': '/' });
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => resolve(text)).on('error', reject);
    });
    expect(JSON.parse(overHttp2)).toMatchObject({ servername: 'orders', httpVersion: '2.0' });
    session.close();

    await server.setMode({ kind: 'reset', when: 'after' });
    expect(await code(ask(server, '/', trust))).toBe('ECONNRESET');
    await server.stop();
    await fleet.close();
  });

  it('demands a client certificate when asked to', async () => {
    const authority = await createCertificateAuthority();
    const tls = { ...(await authority.issue('127.0.0.1')), ca: authority.cert, requestCert: true };
    const fleet = await startFleet({ size: 1, tls });
    const server = fleet.servers[0]!;
    const client = await authority.issue('caller');
    const known = await ask(server, '/', { ca: authority.cert, ...client });
    expect(JSON.parse(known.body)).toMatchObject({ clientCertificate: 'caller' });
    expect(await code(ask(server, '/', { ca: authority.cert }))).not.toBe('answered');
    await fleet.close();
  });
});

import { describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';

import { getCall } from '../../src/client/fetch-call.js';
import { spend, withOrders } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(20_000);

const MIB = 1024 * 1024;
const CHUNK = new Uint8Array(64 * 1024).fill(7);
/** More than any chain of buffers on the way: two sockets of the kernel (a few MiB each on the loopback) and Node's own. */
const LARGE = 64 * MIB;
/** What may have moved while one side stands still. */
const BUFFERED = 24 * MIB;

/** A stream of `bytes` that counts what was asked of it. */
function countedStream(bytes: number): { readonly stream: ReadableStream<Uint8Array>; pulled: number } {
  const counted = {
    pulled: 0,
    stream: new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (counted.pulled >= bytes) return controller.close();
          counted.pulled += CHUNK.length;
          controller.enqueue(CHUNK);
        },
      },
      { highWaterMark: 0 },
    ),
  };
  return counted;
}

function sha256OfChunks(bytes: number): string {
  const hash = createHash('sha256');
  for (let sent = 0; sent < bytes; sent += CHUNK.length) hash.update(CHUNK);
  return hash.digest('hex');
}

/** `duplex` is not in every version of the type. */
const streamed = (body: unknown, method = 'POST', id = 'upload'): RequestInit =>
  ({ method, body, duplex: 'half', headers: { 'x-request-id': id } }) as RequestInit;

describe('a large download', () => {
  it('arrives whole by fetch', () =>
    withOrders({ fleet: { size: 2 } }, async ({ client, snapshot }) => {
      const response = await client.fetch(`http://orders/stream?bytes=${4 * MIB}`);
      expect(snapshot().inFlight).toBe(1);
      expect((await response.arrayBuffer()).byteLength).toBe(4 * MIB);
      expect(snapshot().inFlight).toBe(0);
    }));

  it('that nobody reads by fetch waits at the server, and frees its endpoint when it is cancelled', () =>
    withOrders({ fleet: { size: 1 } }, async ({ client, fleet, snapshot }) => {
      const response = await client.fetch(`http://orders/stream?bytes=${LARGE}`);
      const reader = response.body!.getReader();
      await reader.read();
      const before = process.memoryUsage();
      await spend(500);
      const after = process.memoryUsage();
      expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(BUFFERED);
      expect(await fleet.servers[0]!.stats()).toMatchObject({ inFlight: 1 });
      expect(snapshot().inFlight).toBe(1);
      await reader.cancel();
      await until(() => snapshot().inFlight === 0, { what: 'the end of the lease' });
      await until(async () => (await fleet.servers[0]!.stats()).inFlight === 0, { what: 'the end at the server' });
    }));

  it('that nobody reads by request waits at the server, and goes on where it stood', () =>
    withOrders({ fleet: { size: 1 } }, async ({ client, fleet, snapshot }) => {
      const { body } = await client.request(`http://orders/stream?bytes=${LARGE}`);
      await spend(500);
      expect(body.readableLength).toBeLessThan(MIB);
      expect(await fleet.servers[0]!.stats()).toMatchObject({ inFlight: 1 });
      let bytes = 0;
      for await (const chunk of body) bytes += (chunk as Buffer).length;
      expect(bytes).toBe(LARGE);
      expect(snapshot().inFlight).toBe(0);
    }));
});

describe('a large upload', () => {
  it('arrives whole by fetch', () =>
    withOrders({ fleet: { size: 2 } }, async ({ client }) => {
      const { stream } = countedStream(4 * MIB);
      const answer = await (await client.fetch('http://orders/', streamed(stream))).json();
      expect(answer).toMatchObject({ bodyBytes: 4 * MIB, bodySha256: sha256OfChunks(4 * MIB) });
    }));

  it('arrives whole by request', () =>
    withOrders({ fleet: { size: 2 } }, async ({ client }) => {
      const { stream } = countedStream(4 * MIB);
      const { body } = await client.request('http://orders/', { method: 'POST', body: stream });
      expect(await body.json()).toMatchObject({ bodyBytes: 4 * MIB, bodySha256: sha256OfChunks(4 * MIB) });
    }));

  it.each(['fetch', 'request'] as const)('by %s is pulled only as fast as the server reads', (via) =>
    withOrders({ fleet: { size: 1 } }, async ({ client, fleet }) => {
      const server = fleet.servers[0]!;
      await (await client.fetch('http://orders/')).text();
      server.pause();
      const upload = countedStream(LARGE);
      const answer =
        via === 'fetch'
          ? client.fetch('http://orders/', streamed(upload.stream)).then((response) => response.json())
          : client.request('http://orders/', { method: 'POST', body: upload.stream }).then(({ body }) => body.json());
      await until(() => upload.pulled > 0, { what: 'the start of the upload' });
      await spend(500);
      expect(upload.pulled).toBeLessThan(BUFFERED);
      server.resume();
      expect(await answer).toMatchObject({ bodyBytes: LARGE });
    }),
  );

  it('through echo: what comes back is what was sent, though both bodies are under way at once', () =>
    withOrders({ fleet: { size: 2 } }, async ({ client, snapshot }) => {
      const upload = countedStream(8 * MIB);
      const response = await client.fetch('http://orders/echo', streamed(upload.stream));
      const hash = createHash('sha256');
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) hash.update(chunk);
      expect(hash.digest('hex')).toBe(sha256OfChunks(8 * MIB));
      expect(snapshot().inFlight).toBe(0);
    }));
});

describe('a PUT that every endpoint answers with 503', () => {
  const UNAVAILABLE = { kind: 'status', status: 503 } as const;

  it('is sent once when its body is a stream, and the answer is the 503', () =>
    withOrders({ fleet: { size: 3 } }, async ({ client, fleet }) => {
      await Promise.all(fleet.servers.map((server) => server.setMode(UNAVAILABLE)));
      const response = await client.fetch('http://orders/', streamed(countedStream(128 * 1024).stream, 'PUT'));
      expect(response.status).toBe(503);
      expect(getCall(response)).toMatchObject({ notRetried: 'body', attempts: [{ status: 503 }] });
      const stats = await Promise.all(fleet.servers.map((server) => server.stats()));
      expect(stats.flatMap(({ received }) => received)).toMatchObject([{ method: 'PUT', bodyBytes: 128 * 1024 }]);
    }));

  it('is sent once by request as well', () =>
    withOrders({ fleet: { size: 3 } }, async ({ client, fleet }) => {
      await Promise.all(fleet.servers.map((server) => server.setMode(UNAVAILABLE)));
      const { stream } = countedStream(128 * 1024);
      const { statusCode, body } = await client.request('http://orders/', { method: 'PUT', body: stream });
      await body.text();
      expect(statusCode).toBe(503);
      const stats = await Promise.all(fleet.servers.map((server) => server.stats()));
      expect(stats.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
    }));

  it('is sent again when its body is a string, to the endpoint that is well', () =>
    withOrders({ fleet: { size: 3 } }, async ({ client, fleet }) => {
      const [first, second, well] = fleet.servers;
      await first!.setMode(UNAVAILABLE);
      await second!.setMode(UNAVAILABLE);
      const text = 'x'.repeat(128 * 1024);
      // Who is tried first is a matter of chance: of ten calls all succeed, and each endpoint in trouble sees one at most twice.
      for (let n = 0; n < 10; n++) {
        const response = await client.fetch('http://orders/', { method: 'PUT', body: text });
        expect(await response.json()).toMatchObject({ server: well!.id, bodyBytes: text.length });
      }
      const { requests } = await well!.stats();
      expect(requests).toBe(10);
      expect((await first!.stats()).requests + (await second!.stats()).requests).toBeGreaterThan(0);
    }));
});

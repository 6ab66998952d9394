import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';

describe('the registry server', () => {
  let registry: RegistryServer;
  let calls = 0;
  let service = '';

  beforeAll(async () => {
    registry = await startRegistryServer({ services: { seeded: ['10.0.0.9:9'] } });
  });
  afterAll(() => registry.close());
  beforeEach(async () => {
    await registry.setMode({ kind: 'ok' });
    service = `orders-${calls++}`;
  });

  const failure = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'answered',
      (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.name,
    );

  it('answers in the format of Prometheus HTTP service discovery', async () => {
    await registry.register(service, '127.0.0.1:1');
    await registry.register(service, { target: '127.0.0.1:2', labels: { zone: 'a' } });
    const response = await fetch(registry.urlOf(service));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual([
      { targets: ['127.0.0.1:1'], labels: {} },
      { targets: ['127.0.0.1:2'], labels: { zone: 'a' } },
    ]);
    await registry.deregister(service, '127.0.0.1:1');
    await registry.register(service, { target: '127.0.0.1:2', labels: { zone: 'b' } });
    expect(await (await fetch(registry.urlOf(service))).json()).toEqual([
      { targets: ['127.0.0.1:2'], labels: { zone: 'b' } },
    ]);
  });

  it('knows what it was started with, and answers an empty list for what nobody registered', async () => {
    expect(await (await fetch(registry.urlOf('seeded'))).json()).toEqual([{ targets: ['10.0.0.9:9'], labels: {} }]);
    expect(await (await fetch(registry.urlOf('nobody'))).json()).toEqual([]);
    expect((await fetch(`${registry.url}/elsewhere`)).status).toBe(404);
  });

  it('answers 304 as long as nothing changes', async () => {
    await registry.set(service, ['a:1']);
    const etag = (await fetch(registry.urlOf(service))).headers.get('etag') ?? '';
    const ask = (): Promise<Response> => fetch(registry.urlOf(service), { headers: { 'if-none-match': etag } });
    const { notModified } = await registry.stats();
    expect((await ask()).status).toBe(304);
    expect((await registry.stats()).notModified).toBe(notModified + 1);
    await registry.set(service, ['a:2']);
    expect((await ask()).status).toBe(200);
  });

  it('holds a long poll until the service changes, and not for others', async () => {
    await registry.set(service, ['a:1']);
    const revision = (await fetch(registry.urlOf(service))).headers.get('x-index') ?? '';
    let answered = false;
    const poll = fetch(`${registry.urlOf(service)}?index=${revision}&wait=30s`).then(async (response) => {
      answered = true;
      return { revision: Number(response.headers.get('x-index')), body: await response.json() };
    });
    while ((await registry.stats()).waiting === 0);
    await registry.set('seeded', ['10.0.0.9:10']);
    await registry.set(service, ['a:1']);
    expect([answered, (await registry.stats()).waiting]).toEqual([false, 1]);
    await registry.set(service, ['a:2']);
    expect((await poll).body).toEqual([{ targets: ['a:2'], labels: {} }]);
    expect((await poll).revision).toBeGreaterThan(Number(revision));
  });

  it('ends a long poll after the asked time, and at once for a revision that it does not have', async () => {
    await registry.set(service, ['a:1']);
    const revision = Number((await fetch(registry.urlOf(service))).headers.get('x-index'));
    const startedAt = performance.now();
    await (await fetch(`${registry.urlOf(service)}?index=${revision}&wait=150ms`)).text();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
    const response = await fetch(`${registry.urlOf(service)}?index=${revision + 1000}&wait=30s`);
    expect(Number(response.headers.get('x-index'))).toBe(revision);
  });

  it('holds a request that prefers to wait, while the representation is the one it has', async () => {
    await registry.set(service, ['a:1']);
    const ask = (etag: string, prefer: string): Promise<Response> =>
      fetch(registry.urlOf(service), { headers: { 'if-none-match': etag, prefer } });
    const etag = (await fetch(registry.urlOf(service))).headers.get('etag') ?? '';
    expect((await ask('"other"', 'wait=30')).status).toBe(200);
    const startedAt = performance.now();
    const unchanged = await ask(etag, 'respond-async, wait=1');
    expect([unchanged.status, unchanged.headers.get('preference-applied')]).toEqual([304, 'wait=1']);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(999);
    const held = ask(etag, 'wait=30');
    while ((await registry.stats()).waiting === 0);
    await registry.set(service, ['a:2']);
    expect(await (await held).json()).toEqual([{ targets: ['a:2'], labels: {} }]);
  });

  describe('as a stream of events', () => {
    /** Reads until `text` has come, or to the end. */
    async function open(headers: Record<string, string> = {}) {
      const controller = new AbortController();
      const response = await fetch(registry.urlOf(service), {
        headers: { accept: 'text/event-stream', ...headers },
        signal: controller.signal,
      });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let heard = '';
      return {
        response,
        close: () => controller.abort(),
        async until(text?: string): Promise<string> {
          while (text === undefined || !heard.includes(text)) {
            const { value, done } = await reader.read();
            if (done) break;
            heard += value;
          }
          return heard;
        },
      };
    }
    const event = (id: number | string, ...targets: string[]): string =>
      `id: ${id}\ndata: ${JSON.stringify([{ targets, labels: {} }])}\n\n`;

    it('sends the whole list at once and after every change of the service', async () => {
      await registry.set(service, ['a:1']);
      const revision = Number((await fetch(registry.urlOf(service))).headers.get('x-index'));
      const stream = await open();
      expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
      expect(await stream.until('\n\n')).toBe(event(revision, 'a:1'));
      expect((await registry.stats()).streams).toBe(1);
      await registry.set('seeded', [`10.0.0.9:${calls}`]);
      await registry.set(service, ['a:2']);
      expect(await stream.until('a:2"],"labels":{}}]\n\n')).toBe(event(revision, 'a:1') + event(revision + 2, 'a:2'));
      stream.close();
      while ((await registry.stats()).streams > 0);
    });

    it('sends no event to whoever has the last one, until something changes', async () => {
      await registry.set(service, ['a:1']);
      const revision = Number((await fetch(registry.urlOf(service))).headers.get('x-index'));
      const { resumed } = await registry.stats();
      const stream = await open({ 'last-event-id': String(revision) });
      expect(await stream.until('\n\n')).toBe(': up to date\n\n');
      expect((await registry.stats()).resumed).toBe(resumed + 1);
      await registry.set(service, ['a:2']);
      expect(await stream.until('a:2')).toContain(event(revision + 1, 'a:2').slice(0, 20));
      stream.close();
    });

    it('tells streams at once what became of the registry', async () => {
      await registry.set(service, ['a:1']);
      const stream = await open();
      await stream.until('a:1');
      await registry.setMode({ kind: 'empty' });
      await stream.until('data: []\n\n');
      await registry.setMode({ kind: 'garbage' });
      await stream.until('127.0.\n\n');
      await registry.setMode({ kind: 'huge', bytes: 200_000 });
      expect((await stream.until('"}}]\n\n')).length).toBeGreaterThan(200_000);
      await registry.setMode({ kind: 'status', status: 503 });
      await stream.until();
      expect((await open()).response.status).toBe(503);
    });

    it('ends streams in good order, and asks for a rest and shows that it lives as it was told', async () => {
      await using restless = await startRegistryServer({ heartbeatMs: 20, retryMs: 1_500 });
      const response = await fetch(restless.urlOf('a'), { headers: { accept: 'text/event-stream' } });
      const text = response.text();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await restless.endStreams();
      expect(await text).toMatch(/^retry: 1500\nid: 1\ndata: \[\]\n\n(?::\n\n){2,}$/);
    });
  });

  it('drips an answer that never ends', async () => {
    await registry.set(service, ['a:1']);
    await registry.setMode({ kind: 'drip', everyMs: 10 });
    const response = await fetch(registry.urlOf(service), { signal: AbortSignal.timeout(500) });
    const reader = response.body!.getReader();
    let [chunks, bytes] = [0, 0];
    await expect(
      (async () => {
        for (;;) {
          bytes += (await reader.read()).value!.length;
          chunks++;
        }
      })(),
    ).rejects.toThrow();
    expect(chunks).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(200);
  });

  it('lies, fails and talks nonsense on demand', async () => {
    await registry.set(service, ['a:1']);
    const ask = (): Promise<Response> => fetch(registry.urlOf(service));
    await registry.setMode({ kind: 'status', status: 500 });
    expect((await ask()).status).toBe(500);
    await registry.setMode({ kind: 'empty' });
    expect(await (await ask()).json()).toEqual([]);
    await registry.setMode({ kind: 'garbage' });
    expect(await failure((await ask()).json())).toBe('SyntaxError');
    await registry.setMode({ kind: 'content-type', contentType: 'text/html' });
    expect((await ask()).headers.get('content-type')).toBe('text/html');
    await registry.setMode({ kind: 'huge', bytes: 3_000_000 });
    expect((await (await ask()).text()).length).toBeGreaterThan(3_000_000);
    await registry.setMode({ kind: 'slow', delayMs: 120 });
    const startedAt = performance.now();
    await (await ask()).text();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(119);
    await registry.setMode({ kind: 'hang' });
    expect(await failure(fetch(registry.urlOf(service), { signal: AbortSignal.timeout(120) }))).toBe('TimeoutError');
  });

  it('goes down and comes up again with everything it knew', async () => {
    await registry.set(service, ['a:1']);
    await registry.setMode({ kind: 'down' });
    // Not by fetch, whose pool may still hold a connection from before.
    const code = new Promise((resolve) => connect(registry.port, '127.0.0.1').once('error', resolve));
    expect(await code).toMatchObject({ code: 'ECONNREFUSED' });
    await registry.setMode({ kind: 'ok' });
    expect(await (await fetch(registry.urlOf(service))).json()).toEqual([{ targets: ['a:1'], labels: {} }]);
  });

  it('restarts with nothing, on the same port, counting from one', async () => {
    await registry.set(service, ['a:1']);
    await registry.restart();
    const response = await fetch(registry.urlOf(service));
    expect([response.headers.get('x-index'), await response.json()]).toEqual(['1', []]);
  });

  it('asks for its token when it has one', async () => {
    const guarded = await startRegistryServer({ token: 'secret' });
    expect((await fetch(guarded.urlOf('a'))).status).toBe(401);
    expect((await fetch(guarded.urlOf('a'), { headers: { authorization: 'Bearer secret' } })).status).toBe(200);
    expect((await guarded.stats()).unauthorized).toBe(1);
    await guarded.setToken('rotated');
    expect((await fetch(guarded.urlOf('a'), { headers: { authorization: 'Bearer secret' } })).status).toBe(401);
    expect((await fetch(guarded.urlOf('a'), { headers: { authorization: 'Bearer rotated' } })).status).toBe(200);
    await guarded.setToken(undefined);
    expect((await fetch(guarded.urlOf('a'))).status).toBe(200);
    await guarded.close();
  });
});

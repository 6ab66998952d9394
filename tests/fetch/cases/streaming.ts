/** Streams in both directions. */

import { attempt, settle, shorten } from '../describe.js';
import type { FetchCase } from '../fetch-case.js';

/** A stream that the test feeds. */
function pipe(): { readonly stream: ReadableStream; write(text: string): void; end(): void } {
  let controller!: ReadableStreamDefaultController;
  const stream = new ReadableStream({ start: (given) => void (controller = given) });
  return { stream, write: (text) => controller.enqueue(Buffer.from(text)), end: () => controller.close() };
}

const mirror: FetchCase['serve'] = (request, response) => {
  response.flushHeaders();
  request.on('data', (chunk: Buffer) => response.write(`<${chunk.toString()}>`));
  request.on('end', () => response.end('.'));
};

const BLOCK = 64 * 1024;

export const streaming: readonly FetchCase[] = [
  {
    name: 'streaming: a conversation',
    serve: mirror,
    run: async ({ fetch, url }) => {
      const { stream, write, end } = pipe();
      write('one');
      const response = await fetch(url(), { method: 'POST', body: stream, duplex: 'half' });
      const reader = response.body?.getReader();
      const next = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();
      const heard = [await next()];
      write('two');
      heard.push(await next());
      end();
      heard.push(await next(), await next());
      return heard;
    },
  },
  {
    name: 'streaming: a large download, slowly read',
    serve(_request, response) {
      for (let block = 0; block < 64; block++) response.write(Buffer.alloc(BLOCK, block));
      response.end();
    },
    run: async ({ fetch, url }) => {
      const response = await fetch(url());
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        if (chunks.length % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return shorten(Buffer.concat(chunks));
    },
  },
  {
    name: 'streaming: a large upload, slowly produced',
    run: ({ fetch, url }) => {
      let blocks = 0;
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          controller.enqueue(Buffer.alloc(BLOCK, blocks));
          if (++blocks === 32) controller.close();
        },
      });
      return settle(fetch(url(), { method: 'POST', body, duplex: 'half' }));
    },
  },
  {
    name: 'streaming: a download is held back when nobody reads',
    serve(_request, response) {
      let written = 0;
      const more = (): void => {
        while (written++ < 2_000) if (!response.write(Buffer.alloc(BLOCK))) return void response.once('drain', more);
        response.end();
      };
      more();
    },
    run: async ({ fetch, url }) => {
      const before = process.memoryUsage().arrayBuffers;
      const response = await fetch(url());
      await new Promise((resolve) => setTimeout(resolve, 100));
      const grown = process.memoryUsage().arrayBuffers - before;
      await response.body?.cancel();
      return grown < 60_000_000;
    },
  },
  {
    name: 'streaming: a body that is cancelled ends on the server',
    serve(_request, response) {
      const timer = setInterval(() => response.write('x'), 2);
      response.on('close', () => clearInterval(timer));
    },
    run: async ({ fetch, url, over }) => {
      const response = await fetch(url());
      await response.body?.cancel(new RangeError('enough'));
      await over();
      return [response.bodyUsed, await attempt(() => response.text())];
    },
  },
  {
    name: 'streaming: an upload whose server answers early is cancelled',
    serve: (_request, response) => response.writeHead(413, { connection: 'close' }).end('too much'),
    run: async ({ fetch, url }) => {
      const { stream, write } = pipe();
      write('x');
      return settle(fetch(url(), { method: 'POST', body: stream, duplex: 'half' }));
    },
  },
  {
    name: 'streaming: from one call to the next',
    run: async ({ fetch, url }) => {
      const first = await fetch(url(), { method: 'POST', body: 'passed on' });
      return settle(fetch(url('/next'), { method: 'POST', body: first.body, duplex: 'half' }));
    },
  },
];

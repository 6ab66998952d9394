/** Real sockets on the loopback: what a kernel does is not to be scripted. */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket as Stream } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { dnsResolver } from '../../../../src/control/resolvers/dns-resolver.js';
import { socketTransport } from '../../../../src/control/resolvers/dns/socket-transport.js';
import { freePort } from '../../../support/free-port.js';
import { a, encodeReply, hostsOf, nameServer } from './scripted-servers.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

async function udpServer(onMessage: (message: Buffer, from: RemoteInfo, socket: Socket) => void): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => onMessage(message, from, socket));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanUp.push(() => void socket.close());
  return socket.address().port;
}

async function tcpServer(onFrame: (frame: Buffer, stream: Stream) => void, port = 0): Promise<number> {
  const server: Server = createServer((stream) => {
    stream.on('error', () => {});
    stream.on('data', (frame: Buffer) => onFrame(frame, stream));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => new Promise((resolve) => void server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

function send(protocol: 'udp' | 'tcp', port: number, packet: Buffer, wanted = 1): Promise<(Buffer | string)[]> {
  return new Promise((resolve) => {
    const heard: (Buffer | string)[] = [];
    const hear = (item: Buffer | string): void => {
      heard.push(item);
      if (heard.length < wanted) return;
      channel[Symbol.dispose]();
      resolve(heard);
    };
    const channel = socketTransport[protocol](nameServer(`127.0.0.1:${port}`), packet, {
      message: hear,
      failed: ({ code = 'none' }) => hear(code),
    });
    cleanUp.push(() => channel[Symbol.dispose]());
  });
}

const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);
const hello = Buffer.from('hello');

describe('datagrams', () => {
  it('go out from a port of their own each time, and come back', async () => {
    const ports = new Set<number>();
    const port = await udpServer((message, from, socket) => {
      ports.add(from.port);
      socket.send(message, from.port, from.address);
    });
    for (let i = 0; i < 20; i++) expect(await send('udp', port, hello)).toEqual([hello]);
    // Two of twenty may be alike by chance, out of 28 000.
    expect(ports.size).toBeGreaterThan(17);
  });

  it('are taken from the server that was asked, and from nobody else', async () => {
    const forger = createSocket('udp4');
    cleanUp.push(() => void forger.close());
    const port = await udpServer((message, from, socket) => {
      forger.send('forged', from.port, from.address, () => {
        setTimeout(() => socket.send(message, from.port, from.address), 20);
      });
    });
    expect(await send('udp', port, hello)).toEqual([hello]);
  });

  it('fail at once when nobody listens', async () => {
    expect(await send('udp', await freePort(), hello)).toEqual(['ECONNREFUSED']);
  });
});

describe('streams', () => {
  it('frame the question, and take the answer in whatever pieces it comes', async () => {
    const answer = Buffer.alloc(3_000, 7);
    const port = await tcpServer((frame, stream) => {
      expect(frame).toEqual(framed(hello));
      const bytes = framed(answer);
      stream.setNoDelay(true);
      const pieces = [
        bytes.subarray(0, 1),
        bytes.subarray(1, 2),
        bytes.subarray(2, 900),
        bytes.subarray(900),
        framed(hello),
      ];
      void (async () => {
        for (const piece of pieces) {
          stream.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
    });
    expect(await send('tcp', port, hello, 2)).toEqual([answer, hello]);
  });

  it('fail when they end before the answer, and when nobody listens', async () => {
    const port = await tcpServer((_, stream) => stream.end(Buffer.from([0, 9, 1])));
    expect(await send('tcp', port, hello)).toEqual(['ECONNRESET']);
    expect(await send('tcp', await freePort(), hello)).toEqual(['ECONNREFUSED']);
  });
});

describe('dnsResolver over them', () => {
  it('asks about many names at once', async () => {
    const port = await udpServer((message, from, socket) => {
      const [id, name] = [message.readUInt16BE(0), nameIn(message)];
      const type = message.readUInt16BE(message.indexOf(0, 12) + 1) === 1 ? 'A' : 'AAAA';
      const answers = type === 'A' ? [a(name, `10.0.0.${name.slice(1, -5)}`)] : [];
      socket.send(encodeReply({ id, name, type }, { answers }), from.port, from.address);
    });
    // More packets at once would not fit into what the kernel keeps for a server that shares this thread.
    const names = Array.from({ length: 80 }, (_, i) => `n${i}.test`);
    const answers = await Promise.all(
      names.map((name) => dnsResolver(name, { servers: [`127.0.0.1:${port}`] }).resolve(new AbortController())),
    );
    expect(answers.map((answer) => hostsOf(answer)[0])).toEqual(names.map((_, i) => `10.0.0.${i}`));
  });

  it('closes its sockets when it is told to stop', async () => {
    const port = await udpServer(() => {});
    const controller = new AbortController();
    const asking = dnsResolver('a.test', { servers: [`127.0.0.1:${port}`] }).resolve(controller);
    setTimeout(() => controller.abort(), 20);
    await expect(asking).rejects.toMatchObject({ code: 'ECANCELLED' });
    expect(process.getActiveResourcesInfo().filter((resource) => resource === 'UDPWRAP').length).toBeLessThanOrEqual(1);
  });
});

function nameIn(message: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; message[at] !== 0; at += (message[at] as number) + 1) {
    labels.push(message.toString('latin1', at + 1, at + 1 + (message[at] as number)));
  }
  return labels.join('.');
}

/**
 * Packets over real sockets, one for each question. A fresh datagram socket has a port of the kernel's choice, which a
 * forger would have to guess with the id (RFC 5452 §9.2); connected, it takes packets from its server only, and hears
 * at once when nobody listens there.
 */

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { DnsTransport, PacketListener, SendPacket } from './dns-transport.js';

const FRAME_BYTES = 2;

const sendDatagram: SendPacket = ({ address, port, family }, packet, listener) => {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  socket.unref();
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    socket.close();
  };
  socket.on('message', (message) => {
    if (open) listener.message(message);
  });
  // Stays on after the end: an error without a listener would end the process.
  socket.on('error', (error) => {
    if (!open) return;
    close();
    listener.failed(error);
  });
  socket.once('connect', () => {
    if (open) socket.send(packet);
  });
  socket.connect(port, address);
  return { [Symbol.dispose]: close };
};

/** RFC 1035 §4.2.2: each message follows its length. */
const sendOverStream: SendPacket = ({ address, port }, packet, listener) => {
  const socket = connect({ host: address, port, noDelay: true });
  socket.unref();
  let open = true;
  const close = (): void => {
    open = false;
    socket.destroy();
  };
  const fail: PacketListener['failed'] = (error) => {
    if (!open) return;
    close();
    listener.failed(error);
  };
  socket.on('error', fail);
  socket.on('close', () => fail({ code: 'ECONNRESET', message: 'closed the connection before it answered' }));

  const length = Buffer.alloc(FRAME_BYTES);
  length.writeUInt16BE(packet.length);
  socket.write(Buffer.concat([length, packet]));

  // At most one frame of 64 KiB and a chunk are kept: what is whole is handed on at once.
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (open && received.length >= FRAME_BYTES) {
      const end = FRAME_BYTES + received.readUInt16BE(0);
      if (received.length < end) return;
      const message = received.subarray(FRAME_BYTES, end);
      received = received.subarray(end);
      listener.message(message);
    }
  });
  return { [Symbol.dispose]: close };
};

export const socketTransport: DnsTransport = { udp: sendDatagram, tcp: sendOverStream };

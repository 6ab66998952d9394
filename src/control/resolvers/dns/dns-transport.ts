/** How packets reach a name server: what the client of the wire needs of the network, and tests hand in. */

import type { NameServer } from './name-server.js';

export interface PacketListener {
  /** A whole message: a datagram, or a frame of a stream. There may be any number, from anybody who got through. */
  message(message: Buffer): void;
  /** Nothing will come any more. */
  failed(error: { readonly code?: string; readonly message: string }): void;
}

/** Sends one packet and listens until disposed; after that the listener is left alone. Keeps no process alive. */
export type SendPacket = (server: NameServer, packet: Buffer, listener: PacketListener) => Disposable;

export interface DnsTransport {
  readonly udp: SendPacket;
  readonly tcp: SendPacket;
}

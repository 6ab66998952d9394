/**
 * Makes the connections to one endpoint, in place of undici's own connector. Three things need it to be ours: all
 * connections share one secure context, which can be exchanged while they are open; what goes wrong is told with the
 * endpoint and the name that was asked for; and whoever looks after open connections gets to know each of them.
 */

import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../core/clock.js';
import type { RefuseAddress } from './guarded-lookup.js';
import { guardedLookup } from './guarded-lookup.js';
import { handshakeError, isHandshakeAlert, nameInAlert, type TlsPeer } from './tls-error.js';
import type { TlsMaterial, TlsSource } from './tls-material.js';
import type { TransportSettings } from './transport-settings.js';

export interface ConnectorInput {
  /** Where to: a host with a port, or the path of a Unix socket. */
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string };
  /** As it is told. */
  readonly address: string;
  /** Undefined for plain connections. */
  readonly tls: { readonly source: TlsSource; readonly verify: boolean } | undefined;
  readonly transport: TransportSettings;
  readonly clock: Clock;
  readonly refuseAddress: RefuseAddress;
}

export type Opened = (error: Error | null, socket: Socket | undefined) => void;

/** Sessions to resume: names that are asked of one endpoint are one or two. */
const MAX_SESSIONS = 16;

/** How long a connection is silent before the kernel asks whether the other side still exists. undici's, too. */
const KEEP_ALIVE_MS = 60_000;

export class Connector {
  private readonly input: ConnectorInput;
  private readonly base: Record<string, unknown>;
  private readonly sessions = new Map<string, Buffer>();
  /** What the sessions were made with: a server that is not trusted any more must not come in by an old one. */
  private material: TlsMaterial | undefined;

  constructor(input: ConnectorInput) {
    this.input = input;
    const { place, transport, refuseAddress } = input;
    this.base = 'path' in place ? { path: place.path } : { host: place.host, port: place.port };
    if ('port' in place) {
      this.base['lookup'] = guardedLookup(place.port, refuseAddress);
      if (transport.family !== undefined) this.base['family'] = transport.family;
    }
  }

  /** @param protocols in order of preference, for ALPN (RFC 7301) */
  open(name: string | undefined, protocols: readonly string[], opened: Opened): void {
    const { tls, address, clock, transport } = this.input;
    const peer: TlsPeer = { address, serverName: name };
    let socket: Socket;
    let reached = false;
    try {
      socket = tls === undefined ? connectPlain(this.options(PLAIN_BUFFER)) : this.openTls(tls, name, protocols);
    } catch (error) {
      opened(error as Error, undefined);
      return;
    }
    const timer = clock.setTimer(() => socket.destroy(this.timeout()), transport.connectTimeoutMs);
    let pending = true;
    const settle = (error: Error | null): void => {
      if (!pending) return;
      pending = false;
      timer[Symbol.dispose]();
      opened(error, error === null ? socket : undefined);
    };
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    if (tls !== undefined) socket.once('connect', () => (reached = true));
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => settle(null));
    socket.on('error', (error: Error & { code?: unknown }) => {
      if (!pending) refusedLate(socket, error, peer);
      else settle(reached && error.code !== TIMEOUT ? handshakeError(error, peer) : error);
    });
    // A peer may hang up in the middle of a handshake without any error.
    socket.once('close', () => settle(handshakeError(new Error('the connection was closed'), peer)));
  }

  private openTls(
    { source, verify }: { readonly source: TlsSource; readonly verify: boolean },
    name: string | undefined,
    protocols: readonly string[],
  ): TLSSocket {
    const material = source.current();
    if (material !== this.material) this.sessions.clear();
    this.material = material;
    const key = name ?? '';
    const socket = connectTls(
      Object.assign(this.options(TLS_BUFFER), {
        secureContext: material.context,
        rejectUnauthorized: verify,
        ALPNProtocols: protocols,
        session: this.sessions.get(key),
        // RFC 6066 §3: no addresses.
        servername: name === undefined || isIP(name) !== 0 ? '' : name,
      }),
    );
    socket.on('session', (session: Buffer) => {
      if (material !== this.material) return;
      if (this.sessions.size >= MAX_SESSIONS) this.sessions.clear();
      this.sessions.set(key, session);
    });
    return socket;
  }

  private options(highWaterMark: number): { host?: string; port: number } {
    return Object.assign({ highWaterMark }, this.base) as unknown as { port: number };
  }

  private timeout(): Error {
    const { address, transport } = this.input;
    const message = `no connection to ${address} within ${transport.connectTimeoutMs} ms`;
    return Object.assign(new Error(message), { name: 'ConnectTimeoutError', code: TIMEOUT });
  }
}

/**
 * The other side's verdict on the client's certificate arrives after the handshake of TLS 1.3 seemed to be done (RFC 8446
 * §4.6.2). The platform tells of it and leaves the connection open, and whoever waits for an answer would hear of its
 * end only.
 */
function refusedLate(socket: Socket, error: Error, peer: TlsPeer): void {
  if (socket.destroyed || !isHandshakeAlert(error)) return;
  nameInAlert(error, peer);
  socket.destroy(error);
}

/** Under the name that users of undici know. */
const TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

/** What undici reads at a time: as a file stream does, and the longest record of TLS. */
const PLAIN_BUFFER = 65_536;
const TLS_BUFFER = 16_384;

/** TLS servers in this process that remember whom they talked to. */

import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Visit {
  readonly method: string;
  readonly host: string | undefined;
  readonly serverName: string | false | null;
  /** Of the client's certificate. */
  readonly client: string | undefined;
  readonly resumed: boolean;
  readonly protocol: string | null;
}

export interface SecureServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly address: string;
  readonly visits: Visit[];
  /** Connections that are open now. */
  readonly open: ReadonlySet<TLSSocket>;
}

export async function startSecureServer(
  options: ServerOptions,
  listener: RequestListener = (_, response) => response.end('ok'),
  host: string = '127.0.0.1',
): Promise<SecureServer> {
  const visits: Visit[] = [];
  const open = new Set<TLSSocket>();
  const server = createServer(options, (request, response) => {
    visits.push(visitOf(request));
    request.resume();
    listener(request, response);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    visits,
    open,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function visitOf({ method, headers, socket }: IncomingMessage): Visit {
  const tls = socket as TLSSocket;
  const certificate = tls.getPeerCertificate() as { subject?: { CN?: string } };
  return {
    method: method as string,
    host: headers.host,
    serverName: (tls as unknown as { servername: string | false | null }).servername,
    client: certificate.subject?.CN,
    resumed: tls.isSessionReused(),
    protocol: tls.getProtocol(),
  };
}

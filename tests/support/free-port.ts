import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that is free for TCP and for UDP, as far as can be known: somebody else may still be faster. */
export async function freePort(host: string = '127.0.0.1'): Promise<number> {
  for (;;) {
    const tcp = createServer().listen(0, host);
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, host, () => resolve(true));
    });
    udp.close();
    tcp.close();
    await once(tcp, 'close');
    if (isFree) return port;
  }
}

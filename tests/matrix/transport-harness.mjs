import { once } from 'node:events';
import { createServer } from 'node:http';
import { transport } from './transport-bundle.mjs';

const { createEndpointAgents, findPlatform, observeExchange, systemClock, SERVICE_DEFAULTS } = transport;

export async function serve(listener, make = createServer) {
  const server = make(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => (server.close(), server.closeAllConnections());
  return { server, port: server.address().port, close };
}

export async function refusingPort() {
  const { server, port, close } = await serve(() => {});
  close();
  await once(server, 'close');
  return port;
}

export function agentsWith(more = {}) {
  return createEndpointAgents({
    platform: findPlatform(),
    transport: SERVICE_DEFAULTS.transport,
    tls: undefined,
    refuseAddress: () => undefined,
    clock: systemClock,
    random: { next: Math.random },
    onWarning: () => {},
    onTlsReload: () => {},
    ...more,
  });
}

export function recorder(takesOver = () => false) {
  const events = [];
  const self = {
    events,
    started: () => void events.push('started'),
    neverLeft: () => void events.push('never left'),
    bodySent: () => {},
    responded: (status, header) => (events.push(`responded ${status}`), (self.header = header)),
    ended: () => void events.push('ended'),
    failed(error) {
      self.error = error;
      events.push(`failed ${typeof error.code === 'string' ? error.code : error.name}`);
      return takesOver(error);
    },
  };
  return self;
}

/** Sends to the ports in order, as long as nothing was sent. */
export function dispatcherTo(agents, ports, observers, scheme = 'http') {
  const attempt = (options, handler, index) => {
    const { hostname, host } = new URL(options.origin);
    const port = ports[index];
    const observer = recorder(() => {
      if (observer.events.includes('started') || index + 1 >= ports.length) return false;
      attempt(options, handler, index + 1);
      return true;
    });
    observers.push(observer);
    const target = {
      origin: `${scheme}://127.0.0.1:${port}`,
      basePath: '',
      host: scheme === 'https' ? hostname : host,
    };
    return agents.dispatch({ id: `${port}`, host: '127.0.0.1' }, target, options, observeExchange(handler, observer));
  };
  return { dispatch: (options, handler) => attempt(options, handler, 0) };
}

export async function until(what, predicate) {
  const deadline = performance.now() + 5_000;
  while (!(await predicate())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

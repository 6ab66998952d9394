/**
 * Eureka's npm client against a server: registers, beats, copies the registry, follows a delta, and leaves. Prints what
 * it saw as JSON. Here and not within Jest, because the client may leave sockets and timers behind.
 */

import { Eureka } from 'eureka-js-client';

const { hostname, port, pathname } = new URL(process.argv[2]);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function client(more) {
  return new Eureka({
    logger: silent,
    shouldUseDelta: true,
    ...more,
    eureka: {
      host: hostname,
      port,
      servicePath: `${pathname}/apps/`,
      maxRetries: 0,
      heartbeatInterval: 50,
      registryFetchInterval: 3_600_000,
      ...more.eureka,
    },
  });
}

const instance = (app, at, more = {}) => ({
  app,
  instanceId: `${app}-${at}`,
  hostName: '127.0.0.1',
  ipAddr: '127.0.0.1',
  port: { $: at, '@enabled': true },
  vipAddress: `${app}.vip`,
  dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  ...more,
});

const call = (object, method) =>
  new Promise((resolve, reject) => object[method]((error) => (error ? reject(error) : resolve())));
const event = (emitter, name) => new Promise((resolve) => emitter.once(name, resolve));
const seen = (watcher, app) =>
  watcher.getInstancesByAppId(app).map(({ instanceId, status, port, actionType, metadata }) => ({
    instanceId,
    status,
    port,
    actionType,
    metadata,
  }));

const first = client({
  instance: instance('orders', 8001, { metadata: { zone: 'a' } }),
  eureka: { fetchRegistry: false },
});
const beat = event(first, 'heartbeat');
await call(first, 'start');
await beat;

const watcher = client({ eureka: { registerWithEureka: false } });
await call(watcher, 'start');
const full = seen(watcher, 'orders');

const second = client({ instance: instance('orders', 8002), eureka: { fetchRegistry: false } });
await call(second, 'start');
await call(watcher, 'fetchRegistry');
const added = seen(watcher, 'ORDERS').map(({ instanceId }) => instanceId);

// By virtual host name: of its lists by application, this client drops the first entry whoever has left.
await call(second, 'stop');
await call(watcher, 'fetchRegistry');
const left = watcher.getInstancesByVipAddress('orders.vip').map(({ instanceId }) => instanceId);

// Forgotten by the server, it must be told so by its next heartbeat, and registers again.
const again = event(first, 'registered');
await fetch(`${process.argv[2]}/apps/ORDERS/orders-8001`, { method: 'DELETE' });
await again;
watcher.hasFullRegistry = false;
await call(watcher, 'fetchRegistry');
const returned = seen(watcher, 'orders').map(({ instanceId }) => instanceId);

await call(watcher, 'stop');
await call(first, 'stop');
console.log(JSON.stringify({ full, added, left, returned }));
process.exit();

/**
 * Nacos' npm client against a server: registers, beats, selects, subscribes, and leaves. Prints what it saw as JSON. Here
 * and not within Jest, because the client leaves sockets and timers behind.
 */

import { NacosNamingClient } from 'nacos';

const [, , serverList, username, password] = process.argv;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const client = new NacosNamingClient({ logger: silent, serverList, namespace: 'public', username, password });
const other = new NacosNamingClient({ logger: silent, serverList, namespace: 'public', username, password });
await Promise.all([client.ready(), other.ready()]);

const brief = (hosts) => hosts.map(({ ip, port, clusterName, metadata }) => ({ ip, port, clusterName, metadata }));
const ports = (hosts) => hosts.map(({ port }) => port).sort();

await client.registerInstance('orders', { ip: '127.0.0.1', port: 8001, metadata: { zone: 'a' } });
await client.registerInstance('orders', { ip: '127.0.0.1', port: 8002, clusterName: 'east', weight: 2 });
await client.registerInstance('orders', { ip: '127.0.0.1', port: 8003, healthy: false });
await client.registerInstance('orders', { ip: '127.0.0.1', port: 8004, enabled: false });
await client.registerInstance('orders', { ip: '127.0.0.1', port: 8005 }, 'OTHER_GROUP');

const everybody = brief(await other.getAllInstances('orders', 'DEFAULT_GROUP', 'DEFAULT,east', false));
const selected = ports(await other.selectInstances('orders', 'DEFAULT_GROUP', 'DEFAULT,east', true, false));
const unwell = ports(await other.selectInstances('orders', 'DEFAULT_GROUP', 'DEFAULT,east', false, false));
const east = ports(await other.selectInstances('orders', 'DEFAULT_GROUP', 'east', true, false));
const elsewhere = ports(await other.selectInstances('orders', 'OTHER_GROUP', 'DEFAULT', true, false));
const status = await other.getServerStatus();

// What it is told first, and after a change: by asking again after a second.
const told = [];
let changed;
const next = () => new Promise((resolve) => (changed = resolve));
const first = next();
other.subscribe('orders', (hosts) => {
  told.push(ports(hosts));
  changed();
});
await first;
const second = next();
await client.deregisterInstance('orders', { ip: '127.0.0.1', port: 8001 });
await second;

// Its heartbeat, which would come after ten seconds; it brings back whom the server has forgotten.
const intervalMs = await client._serverProxy.sendBeat({
  serviceName: 'DEFAULT_GROUP@@orders',
  ip: '127.0.0.1',
  port: 8001,
  cluster: 'DEFAULT',
  weight: 1,
  metadata: {},
});
const returned = ports(await other.selectInstances('orders', 'DEFAULT_GROUP', 'DEFAULT', true, false));

console.log(JSON.stringify({ everybody, selected, unwell, east, elsewhere, status, told, intervalMs, returned }));
process.exit();

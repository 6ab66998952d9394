/** A resolver of one's own that is told of changes: here by an emitter, elsewhere by a message bus or a watch. */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { createClient } from 'fairlead';

const deployments = new EventEmitter();

function deploymentResolver(name) {
  return {
    kind: 'deployments',
    watch(receiver, { signal }) {
      const onChange = (endpoints) => receiver.update({ endpoints });
      deployments.on(name, onChange);
      signal.addEventListener('abort', () => deployments.off(name, onChange), { once: true });
    },
  };
}

const blue = createServer((_, response) => response.end('blue')).listen(0);
const green = createServer((_, response) => response.end('green')).listen(0);
const client = createClient({ services: { shop: { resolver: deploymentResolver('shop') } } });
client.on('endpoints', ({ added, removed }) => console.log(`${added.length} added, ${removed.length} removed`));

// The call is made before anybody is known, and waits.
const first = client.fetch('http://shop/');
deployments.emit('shop', [`127.0.0.1:${blue.address().port}`]);
console.log(await (await first).text());

deployments.emit('shop', [`127.0.0.1:${green.address().port}`]);
console.log(await (await client.fetch('http://shop/')).text());

await client.close();
blue.close();
green.close();

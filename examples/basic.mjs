/** Two servers, one of them dead: calls by name, and what was behind a response. */
import { createServer } from 'node:http';
import { createClient, getCall, staticResolver } from 'fairlead';

const alive = createServer((_, response) => response.end('hello')).listen(0);
const dead = '127.0.0.1:1';

const client = createClient({
  services: { greeter: { resolver: staticResolver([`127.0.0.1:${alive.address().port}`, dead]) } },
});

for (let call = 1; call <= 5; call++) {
  const response = await client.fetch('http://greeter/');
  const { attempts } = getCall(response);
  console.log(
    await response.text(),
    '<-',
    attempts.map(({ address, outcome }) => `${address} ${outcome.kind}`).join(', '),
  );
}

await client.close();
alive.close();

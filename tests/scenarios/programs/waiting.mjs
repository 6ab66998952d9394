// At the moments when a call only waits, nothing but the call itself keeps the process alive.
import { createClient, staticResolver } from 'fairlead';

let asked = 0;
const late = {
  kind: 'late',
  async resolve() {
    if (asked++ === 0) throw new Error('not yet');
    return { endpoints: [process.env.ADDRESS] };
  },
};
const client = createClient({
  services: {
    orders: { resolver: staticResolver([process.env.ADDRESS]), retry: { backoffBaseMs: 400, backoffMaxMs: 400 } },
    late: { resolver: late },
  },
});
console.log('first endpoints', (await client.fetch('http://late/')).status);
// The second attempt comes after a backoff, and is answered like the first.
console.log('backoff', (await client.fetch('http://orders/status/503')).status);

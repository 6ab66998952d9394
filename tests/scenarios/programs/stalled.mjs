// Callers all the time, and then a loop that keeps the process busy: what ejection makes of that is the output.
import { createClient, staticResolver } from 'fairlead';

const { ADDRESSES, STALL_MS, ATTEMPT_TIMEOUT_MS, WITH_BREAKER } = process.env;
const resolver = staticResolver(ADDRESSES.split(','));
const attemptTimeoutMs = Number(ATTEMPT_TIMEOUT_MS);
// Without retries, so that what times out is a call that has failed.
const more = WITH_BREAKER === undefined ? {} : { retry: false, breaker: { minVolume: 10, failureThreshold: 0.02 } };
const client = createClient({ services: { orders: { resolver, attemptTimeoutMs, ...more } } });
const ejections = [];
const attempts = { failed: 0, all: 0 };
client.on('eject', (event) => ejections.push(event));
const trips = [];
client.on('breaker', (event) => trips.push(event));
client.on('attempt', ({ outcome }) => {
  attempts.all++;
  if (outcome.kind === 'failure') attempts.failed++;
});

let stopped = false;
const errors = [];
async function caller() {
  while (!stopped) {
    try {
      const response = await client.fetch('http://orders/delay/100');
      await response.text();
      if (response.status !== 200) errors.push(response.status);
    } catch (error) {
      errors.push(error.code);
    }
  }
}
const callers = Array.from({ length: 40 }, caller);
const spend = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

await spend(1_500);
const before = attempts.all;
// From the phase of the loop that timers follow at once, as after an answer was read; from a timer, sockets would be next.
await new Promise((resolve) => {
  setImmediate(() => {
    const until = performance.now() + Number(STALL_MS);
    while (performance.now() < until);
    resolve();
  });
});
await spend(3_000);
stopped = true;
await Promise.all(callers);
const states = client.snapshot().services.orders.endpoints.map(({ state }) => state);
console.log(
  JSON.stringify({ ejections, trips, errors, states, before, after: attempts.all - before, failed: attempts.failed }),
);
await client.close();

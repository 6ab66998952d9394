/**
 * Steady traffic and what its callers see. The load is open: so many calls per second, whatever becomes of them, and a
 * call is timed from the moment it was due. A client that stalls cannot hide it by calling less.
 */
import { randomUUID } from 'node:crypto';

const TICK_MS = 4;
const WINDOW_MS = 5_000;
/** Every tenth call creates an order. It carries a key by which the server could recognize a repetition. */
const POST_EVERY = 10;

export function startTraffic(client, { service, callsPerSecond }) {
  const startedAt = performance.now();
  const underWay = new Set();
  const latencies = [];
  const recent = [];
  const errors = [];
  let due = 0;

  async function call(n, dueAt) {
    try {
      const response = await client.fetch(
        `http://${service}/orders/${n}`,
        n % POST_EVERY === 0 ? newOrder() : undefined,
      );
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`status ${response.status}`);
      const now = performance.now();
      latencies.push(now - dueAt);
      recent.push({ at: now, ms: now - dueAt });
    } catch (error) {
      errors.push(error);
    }
  }

  const ticker = setInterval(() => {
    const dueByNow = ((performance.now() - startedAt) / 1_000) * callsPerSecond;
    for (; due < dueByNow; due++) {
      const running = call(due, startedAt + (due / callsPerSecond) * 1_000);
      underWay.add(running);
      void running.finally(() => underWay.delete(running));
    }
  }, TICK_MS);

  return {
    errors,
    /** Of the last seconds. */
    now() {
      const since = performance.now() - WINDOW_MS;
      while (recent.length > 0 && recent[0].at < since) recent.shift();
      const seconds = Math.min(WINDOW_MS, performance.now() - startedAt) / 1_000;
      return {
        callsPerSecond: recent.length / seconds,
        errors: errors.length,
        ...quantiles(recent.map(({ ms }) => ms)),
      };
    },
    /** Of the whole run. */
    total: () => ({ calls: latencies.length + errors.length, errors: errors.length, ...quantiles(latencies) }),
    /** Sends no more. Resolves when nothing is under way. */
    async stop() {
      clearInterval(ticker);
      await Promise.all(underWay);
    },
  };
}

function newOrder() {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify({ item: 'rope', metres: 20 }),
  };
}

function quantiles(values) {
  const ascending = values.toSorted((a, b) => a - b);
  const at = (share) => ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)];
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

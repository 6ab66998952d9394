/** Every option of retries, switched on through `client.fetch` and `client.request` on real servers. */

import type { IncomingHttpHeaders, RequestListener } from 'node:http';

import { afterEach, describe, expect, it } from '@jest/globals';

import {
  createClient,
  staticResolver,
  type CallOptions,
  type CallReport,
  type Client,
  type RetryContext,
  type ServiceOptions,
} from '../../src/index.js';
import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly server: number;
}

interface Stage {
  readonly client: Client;
  readonly seen: Seen[];
  /** What became of the last call. */
  report(): CallReport;
}

type Answer = Parameters<RequestListener>[1];

const stages: { readonly servers: HttpListeners; readonly client: Client }[] = [];

afterEach(async () => {
  for (const { servers, client } of stages.splice(0)) {
    await client.close({ timeoutMs: 0 });
    await servers.close();
  }
});

/** Three servers, asked in turn; `answer` says what the nth request overall gets. */
async function stage(
  service: Partial<ServiceOptions>,
  answer: (response: Answer, n: number, server: number) => void,
): Promise<Stage> {
  const seen: Seen[] = [];
  const listenerOf =
    (server: number): RequestListener =>
    (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        seen.push({ method: request.method, headers: request.headers, body, server });
        answer(response, seen.length, server);
      });
    };
  const servers = await startHttpListeners(listenerOf(0), listenerOf(1), listenerOf(2));
  const client = createClient({
    services: { orders: { resolver: staticResolver(servers.addresses), balancer: 'round-robin', ...service } },
  });
  stages.push({ servers, client });
  const reports: CallReport[] = [];
  client.on('call', (report) => reports.push(report));
  return { client, seen, report: () => reports.at(-1) as CallReport };
}

const status =
  (...statuses: readonly number[]) =>
  (response: Answer, n: number): void => {
    response.statusCode = statuses[Math.min(n, statuses.length) - 1] ?? 200;
    response.end('ok');
  };

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly fairlead?: CallOptions;
}

const VIA: [string, (client: Client, init?: Sent) => Promise<number>][] = [
  [
    'fetch',
    async (client, init) => {
      const response = await client.fetch('http://orders/v1', init);
      await response.text();
      return response.status;
    },
  ],
  [
    'request',
    async (client, init) => {
      const { statusCode, body } = await client.request('http://orders/v1', init);
      await body.text();
      return statusCode;
    },
  ],
];

describe.each(VIA)('through client.%s', (_via, send) => {
  it('statuses: any from 400 on, and nothing else', async () => {
    const { client, seen, report } = await stage({ retry: { statuses: [409, 500] } }, status(409, 500, 200, 503));
    expect(await send(client)).toBe(200);
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ server }) => server)).size).toBe(3);
    expect(await send(client)).toBe(503);
    expect(report().notRetried).toBe('not-retryable');
  });

  it('a 409 is returned as it is by default', async () => {
    const { client, seen, report } = await stage({}, status(409));
    expect(await send(client)).toBe(409);
    expect(seen).toHaveLength(1);
    expect(report().notRetried).toBeUndefined();
  });

  it('retryOn: leaves out what is not named', async () => {
    const { client, report } = await stage({ retry: { retryOn: ['reset'] } }, (response, n) =>
      n === 1 ? status(503)(response, n) : n === 2 ? response.destroy() : response.end('ok'),
    );
    expect(await send(client)).toBe(503);
    expect(report()).toMatchObject({ notRetried: 'not-retryable', attempts: [{ notRetried: 'not-retryable' }] });
    expect(await send(client)).toBe(200);
    expect(report().attempts).toHaveLength(2);
  });

  it('retryOn: connect waits for a service that is not there yet, with any method', async () => {
    const { client, report } = await stage({}, status(200));
    const [nobody] = (await startAndLeave()).addresses;
    const waiting = createClient({
      services: {
        orders: {
          resolver: staticResolver([nobody as string]),
          retry: { retryOn: ['connect'], backoffBaseMs: 0, maxAttempts: 4 },
        },
      },
    });
    try {
      const reports: CallReport[] = [];
      waiting.on('call', (call) => reports.push(call));
      await expect(send(waiting, { method: 'POST', body: 'x' })).rejects.toMatchObject({
        code: 'ERR_ALL_ATTEMPTS_FAILED',
      });
      // Of one call the budget lets two retries be made.
      expect(reports[0]?.attempts.map(({ kind, sent }) => [kind, sent])).toEqual([
        ['first', false],
        ['retry', false],
        ['retry', false],
      ]);
      expect(reports[0]?.notRetried).toBe('budget');
    } finally {
      await waiting.close();
    }
    expect(await send(client)).toBe(200);
    expect(report().attempts).toHaveLength(1);
  });

  it('methods: says which may be sent twice', async () => {
    const { client, report } = await stage({ retry: { methods: ['POST'] } }, status(503, 200, 503));
    expect(await send(client, { method: 'POST', body: 'x' })).toBe(200);
    expect(await send(client)).toBe(503);
    expect(report().notRetried).toBe('method');
  });

  it('Idempotency-Key: makes a POST one that may, under one key', async () => {
    const { client, seen } = await stage({}, status(503, 200));
    expect(await send(client, { method: 'POST', body: 'once', headers: { 'idempotency-key': 'k1' } })).toBe(200);
    expect(seen.map(({ headers, body }) => [headers['idempotency-key'], body])).toEqual([
      ['k1', 'once'],
      ['k1', 'once'],
    ]);
  });

  it('shouldRetry: sees the failure and decides; undefined leaves it to the rules', async () => {
    const contexts: RetryContext[] = [];
    const answers = [true, undefined, false];
    const shouldRetry = (context: RetryContext): boolean | undefined => {
      contexts.push(context);
      return answers[contexts.length - 1];
    };
    const { client, seen, report } = await stage({ retry: { shouldRetry, maxAttempts: 9 } }, (response, n) => {
      response.setHeader('x-why', `reason ${n}`);
      status(500, 503, 503)(response, n);
    });
    expect(await send(client)).toBe(503);
    expect(seen).toHaveLength(3);
    expect(report()).toMatchObject({ notRetried: 'should-retry' });
    expect(contexts.map((each) => [each.status, each.attempt, each.retries, each.header('x-why')])).toEqual([
      [500, 1, 0, 'reason 1'],
      [503, 2, 1, 'reason 2'],
      [503, 3, 2, 'reason 3'],
    ]);
    expect(contexts[0]).toMatchObject({ service: 'orders', method: 'GET', sent: true, error: undefined });
    expect(contexts[0]?.remainingMs).toBeGreaterThan(0);
  });

  it('shouldRetry: one that throws has not answered, and the operator is told once', async () => {
    const shouldRetry = (): never => {
      throw new Error('oops');
    };
    const { client } = await stage({ retry: { shouldRetry } }, status(503, 200, 503, 200));
    const warnings: string[] = [];
    client.on('warning', ({ message }) => warnings.push(message));
    expect(await send(client)).toBe(200);
    expect(await send(client)).toBe(200);
    expect(warnings).toEqual(['options.retry.shouldRetry threw: oops']);
  });

  it.each([
    ['retry-after in seconds', 503, () => ({ 'retry-after': '1' })],
    ['retry-after as a date', 503, () => ({ 'retry-after': new Date(Date.now() + 2_000).toUTCString() })],
    ['ratelimit-reset', 429, () => ({ 'ratelimit-reset': '1' })],
    ['x-ratelimit-reset as a Unix time', 429, () => ({ 'x-ratelimit-reset': `${Math.ceil(Date.now() / 1_000) + 1}` })],
  ])('%s is waited for', async (_form, code, headers) => {
    const { client, report } = await stage({}, (response, n) => {
      if (n === 1) response.writeHead(code, headers());
      response.end('ok');
    });
    expect(await send(client)).toBe(200);
    const [first, second] = report().attempts;
    // The date and the Unix time are whole seconds, and may be as little as one away.
    expect((second?.startedAfterMs ?? 0) - (first?.startedAfterMs ?? 0)).toBeGreaterThanOrEqual(950);
  });

  it('retryAfterMaxMs: a longer wait is not waited for', async () => {
    const { client, report } = await stage({ retry: { retryAfterMaxMs: 500 } }, (response) =>
      response.writeHead(429, { 'ratelimit-reset': '1' }).end(),
    );
    expect(await send(client)).toBe(429);
    expect(report().notRetried).toBe('retry-after');
  });

  it('no attempt is made that has less time than half of the answers took', async () => {
    let delayMs = 1_000;
    const { client, report } = await stage({ retry: { backoffBaseMs: 0 } }, (response) => {
      setTimeout(() => {
        response.statusCode = delayMs === 0 ? 503 : 200;
        response.end('ok');
      }, delayMs);
    });
    await Promise.all(Array.from({ length: 100 }, () => send(client)));
    delayMs = 0;
    expect(await send(client, { fairlead: { timeoutMs: 900 } })).toBe(503);
    expect(report()).toMatchObject({ notRetried: 'deadline', attempts: [{ notRetried: 'deadline' }] });
    // There would have been time for the wait alone.
    expect(report().durationMs).toBeLessThan(900);
  });

  it('per call: what it names takes the place of what the service says', async () => {
    const { client, seen, report } = await stage({ retry: { maxAttempts: 1 } }, status(418, 200, 503, 503));
    expect(await send(client, { fairlead: { retry: { maxAttempts: 2, statuses: [418] } } })).toBe(200);
    expect(seen).toHaveLength(2);
    expect(await send(client)).toBe(503);
    expect(report().notRetried).toBe('max-attempts');
    expect(await send(client, { fairlead: { retry: false } })).toBe(503);
    expect(report().notRetried).toBe('off');
  });

  it('per call: attemptTimeoutMs', async () => {
    const { client, report } = await stage({}, (response, n) => void (n > 1 && response.end('ok')));
    expect(await send(client, { fairlead: { attemptTimeoutMs: 200 } })).toBe(200);
    expect(report().attempts[0]).toMatchObject({ kind: 'first', outcome: { kind: 'failure', reason: 'timeout' } });
    expect(report().attempts[0]?.durationMs).toBeLessThan(1_000);
  });

  it('per call: hedge: false leaves an attempt alone', async () => {
    const { client, report } = await stage(
      { hedge: { rescueMinMs: 50 }, retry: { maxAttempts: 1 }, attemptTimeoutMs: 500 },
      (response, n) => void (n % 2 === 0 && response.end('ok')),
    );
    expect(await send(client)).toBe(200);
    expect(report().attempts.map(({ kind }) => kind)).toEqual(['first', 'rescue']);
    await expect(send(client, { fairlead: { hedge: false } })).rejects.toMatchObject({ code: 'ERR_ATTEMPT_TIMEOUT' });
    expect(report().attempts).toHaveLength(1);
  });
});

async function startAndLeave(): Promise<HttpListeners> {
  const servers = await startHttpListeners((_request, response) => response.end());
  await servers.close();
  return servers;
}

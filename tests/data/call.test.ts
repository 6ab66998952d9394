import { describe, expect, it } from '@jest/globals';

import { callError } from '../../src/core/errors.js';
import { reportAttempts, reportCall } from '../../src/data/report-call.js';
import type { DispatchOptions } from '../../src/data/transport/dispatcher-like.js';
import { BROKEN, createCallBench, createRouteStub, endpointAt, REFUSED } from './call-bench.js';

describe('a call', () => {
  it('pays into the budget once, not per attempt', () => {
    const { route, dispatch } = createCallBench();
    expect(route.deposits).toBe(1);
    dispatch();
    route.exchanges[0]?.observer.failed(REFUSED);
    dispatch();
    expect(route.deposits).toBe(1);
  });

  it('tells the picker what it knows', () => {
    const { route, dispatch } = createCallBench({ call: { hashKey: 'k', recoverable: false } });
    dispatch();
    route.exchanges[0]?.observer.failed(REFUSED);
    expect(route.contexts.map(({ hashKey, attempt, probe }) => ({ hashKey, attempt, probe }))).toEqual([
      { hashKey: 'k', attempt: 1, probe: false },
      { hashKey: 'k', attempt: 2, probe: false },
    ]);
    expect(route.contexts[1]?.tried).toEqual(new Set(['a']));
  });

  it('sends to the endpoint, under the logical name, with its base path', () => {
    const bench = createCallBench({ endpoints: [endpointAt('a', { basePath: '/base' })] });
    const headers = { accept: 'x' };
    const options: Partial<DispatchOptions> = { headers, own: 'kept' };
    bench.dispatch(options);
    expect(bench.exchange.options).toMatchObject({
      origin: 'http://a:1',
      path: '/base/v1',
      headers: { host: 'orders', accept: 'x' },
      own: 'kept',
      // The attempt has a timeout of its own.
      headersTimeout: 0,
    });
    expect(headers).toEqual({ accept: 'x' });
  });

  it('leaves a headersTimeout that its caller has set', () => {
    const bench = createCallBench();
    bench.dispatch({ headersTimeout: 5 });
    expect(bench.exchange.options.headersTimeout).toBe(5);
  });

  it('reports its time until the answer, or until it failed', () => {
    const { dispatch, call, clock, route } = createCallBench();
    expect(reportCall(call).durationMs).toBe(0);
    dispatch();
    clock.advance(20);
    route.exchanges[0]?.start();
    route.exchanges[0]?.answer(200);
    clock.advance(500);
    expect(reportCall(call)).toMatchObject({ service: 'orders', endpoint: 'a', durationMs: 20, notRetried: undefined });
    call.failed();
    expect(reportCall(call).durationMs).toBe(520);
  });

  it('reports no endpoint when none has answered', () => {
    const { dispatch, call, route } = createCallBench();
    dispatch();
    route.exchanges[0]?.start();
    route.exchanges[0]?.observer.failed(BROKEN);
    expect(reportCall(call)).toMatchObject({ endpoint: undefined, attempts: [{ endpoint: 'a', sent: true }] });
  });

  it('announces attempts only to those who listen', () => {
    const { dispatch, route } = createCallBench({ listening: false });
    dispatch();
    route.exchanges[0]?.observer.failed(REFUSED);
    expect(route.emitted).toEqual([]);
  });
});

describe('failover', () => {
  it('goes on while nothing was sent, six picks at most, and tells discovery each time', () => {
    const hosts = 'abcdefgh'.split('');
    const { dispatch, route, call, failures } = createCallBench({ endpoints: hosts.map((host) => endpointAt(host)) });
    dispatch();
    const results = [0, 1, 2, 3, 4, 5].map((index) => route.exchanges[index]?.observer.failed(REFUSED));
    expect(results).toEqual([true, true, true, true, true, false]);
    expect(route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(hosts.slice(0, 6));
    expect(route.connectFailures).toBe(6);
    expect(call.attempts.map(({ kind }) => kind)).toEqual(['first', ...new Array<string>(5).fill('failover')]);
    // The transport tells the handler, because the last attempt did not take over.
    expect(failures).toEqual([]);
  });

  it('never picks an endpoint twice: a lease on one that was tried is given back unused', () => {
    const { dispatch, route } = createCallBench({ endpoints: [endpointAt('a')] });
    dispatch();
    expect(route.exchanges[0]?.observer.failed(REFUSED)).toBe(false);
    expect(route.exchanges).toHaveLength(1);
    expect(route.settled.map(({ outcome }) => outcome)).toEqual([{ kind: 'failure', reason: 'connect' }, undefined]);
  });

  it('ends when there is nobody left, or too much in flight', () => {
    for (const answer of ['none', 'limit'] as const) {
      const { dispatch, route } = createCallBench();
      dispatch();
      route.pick = () => answer;
      expect(route.exchanges[0]?.observer.failed(REFUSED)).toBe(false);
    }
  });

  it('ends when the time of the call is over', () => {
    const { dispatch, route, clock } = createCallBench({ call: { timeoutMs: 100 } });
    dispatch();
    clock.advance(99);
    expect(route.exchanges[0]?.observer.failed(REFUSED)).toBe(true);
    clock.advance(1);
    expect(route.exchanges).toHaveLength(2);
    expect(route.settled).toHaveLength(2);
  });

  it('never happens after a byte was sent', () => {
    const { dispatch, route } = createCallBench();
    dispatch();
    route.exchanges[0]?.start();
    expect(route.exchanges[0]?.observer.failed(BROKEN)).toBe(false);
    expect(route.exchanges).toHaveLength(1);
    expect(route.connectFailures).toBe(0);
  });

  it('covers what the platform refuses to take at all', () => {
    let throws = true;
    const bench = createCallBench();
    const { dispatch: send } = bench.route;
    bench.route.dispatch = (...args) => {
      if (throws) {
        throws = false;
        throw REFUSED;
      }
      send.apply(bench.route, args);
    };
    bench.dispatch();
    expect(bench.route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(['b']);
  });

  it('gives the handler what the platform threw when there is nobody else', () => {
    const { dispatch, route, failures } = createCallBench({ endpoints: [endpointAt('a')] });
    route.dispatch = () => {
      throw REFUSED;
    };
    dispatch();
    expect(failures).toEqual([REFUSED]);
  });

  it('leaves out endpoints without the encryption that was asked for', () => {
    const endpoints = [endpointAt('a', { scheme: 'http' }), endpointAt('b', { scheme: 'https' })];
    const { dispatch, route, call } = createCallBench({ endpoints, call: { origin: 'https://orders' } });
    dispatch({ origin: 'https://orders' });
    expect(route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(['b']);
    expect(call.attempts[0]?.report()).toMatchObject({
      error: 'ERR_ADDRESS_REFUSED: orders: a:1 offers http where https was asked for',
      outcome: { kind: 'failure', reason: 'connect' },
    });
  });
});

describe('a call that nobody can take', () => {
  it('is refused at once when too much is in flight', () => {
    const { dispatch, call, failures } = createCallBench({ overrides: { pick: () => 'limit' } });
    expect(dispatch()).toBe(true);
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_LIMIT_EXCEEDED', service: 'orders' })]);
    expect(call.refusal).toBe(failures[0]);
    expect(call.last).toBeUndefined();
  });

  it.each([
    [{ timeoutMs: 30_000 }, 5_000],
    [{ timeoutMs: 700 }, 700],
  ])('waits for the first endpoints, at most its own time: %j', (call, waitMs) => {
    const { dispatch, route } = createCallBench({ endpoints: [], call });
    dispatch();
    expect(route.waiting).toEqual([expect.objectContaining({ timeoutMs: waitMs })]);
  });

  it('goes on when there is somebody, and is refused with the reason when there is not', () => {
    const endpoints = [endpointAt('late')];
    const { dispatch, route, failures } = createCallBench({ endpoints: [] });
    const { pick } = createRouteStub({ endpoints, clock: route.clock });
    dispatch();
    route.pick = pick;
    route.waiting[0]?.done();
    expect(route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(['late']);
    const other = createCallBench({ endpoints: [] });
    other.dispatch();
    const refusal = callError('ERR_RESOLUTION_FAILED', 'orders: down');
    other.route.waiting[0]?.done(refusal);
    expect(other.failures).toEqual([refusal]);
    expect(failures).toEqual([]);
  });

  it('leaves the wait when its caller gives up', () => {
    const { dispatch, route, call } = createCallBench({ endpoints: [] });
    dispatch();
    call.abort('enough');
    expect(route.waiting[0]?.left).toBe(true);
  });

  it('does not wait at all when its time is over', () => {
    const { dispatch, route, clock } = createCallBench({ endpoints: [], call: { timeoutMs: 10 } });
    clock.advance(20);
    dispatch();
    expect(route.waiting[0]?.timeoutMs).toBe(0);
  });
});

describe('a redirect', () => {
  const headers = { authorization: 'x', cookie: 'y', 'proxy-authorization': 'z', accept: 'a' };

  it('to another service is picked there, without credentials', () => {
    const stock = createRouteStub({ endpoints: [endpointAt('s')], overrides: { name: 'stock' } });
    const { dispatch, route, call } = createCallBench({
      router: { route: (origin) => (origin === 'http://stock' ? stock : undefined) },
    });
    dispatch();
    route.exchanges[0]?.start();
    route.exchanges[0]?.answer(302);
    route.exchanges[0]?.observer.ended();
    dispatch({ origin: 'http://stock', headers });
    expect(stock.exchanges[0]?.options.headers).toEqual({ host: 'stock', accept: 'a' });
    expect(headers.cookie).toBe('y');
    expect(reportAttempts(call).map(({ endpoint }) => endpoint)).toEqual(['a', 's']);
    stock.exchanges[0]?.start();
    stock.exchanges[0]?.answer(200);
    expect(stock.heardFrom).toEqual(['s']);
    expect(stock.emitted).toEqual([['attempt', expect.objectContaining({ service: 'stock', endpoint: 's' })]]);
  });

  it('to a host that is no service passes through, without credentials', () => {
    const passed: DispatchOptions[] = [];
    const dispatchElsewhere = (options: DispatchOptions): boolean => (passed.push(options), false);
    const { dispatch } = createCallBench({ overrides: { dispatchElsewhere } });
    expect(dispatch({ origin: 'http://elsewhere', headers })).toBe(false);
    expect(passed).toEqual([expect.objectContaining({ origin: 'http://elsewhere', headers: { accept: 'a' } })]);
  });

  it("to a host that the service's policy refuses is refused", () => {
    const refusal = callError('ERR_ADDRESS_REFUSED', '0.0.0.0');
    const { dispatch, failures, call } = createCallBench({ overrides: { refuseElsewhere: () => refusal } });
    expect(dispatch({ origin: 'http://0.0.0.0', headers })).toBe(true);
    expect(failures).toEqual([refusal]);
    expect(call.refusal).toBe(refusal);
  });

  it('from https to http is refused, to a service as well', () => {
    for (const route of [() => undefined, () => createRouteStub()]) {
      const bench = createCallBench({ call: { origin: 'https://orders' }, router: { route } });
      bench.dispatch({ origin: 'http://orders', headers });
      expect(bench.failures).toEqual([expect.objectContaining({ code: 'ERR_ADDRESS_REFUSED' })]);
    }
  });

  it('keeps the credentials back for good, and brings them again with the next round', () => {
    const settings = { credentialHeaders: ['x-key'] };
    const { call, dispatch, route } = createCallBench({ settings });
    const sent = { ...headers, 'x-key': 'k' };
    dispatch({ headers: sent });
    dispatch({ origin: 'http://elsewhere', headers: sent });
    dispatch({ headers: sent });
    call.strayed = false;
    dispatch({ headers: sent });
    expect(route.exchanges.map(({ options }) => options.headers)).toEqual([
      { host: 'orders', ...sent },
      { host: 'orders', accept: 'a' },
      { host: 'orders', ...sent },
    ]);
  });

  it('to a host that is rejected is refused', () => {
    const refusal = callError('ERR_UNKNOWN_SERVICE', 'elsewhere');
    const { dispatch, failures, call } = createCallBench({ router: { refuse: () => refusal } });
    expect(dispatch({ origin: 'http://elsewhere', headers: undefined })).toBe(true);
    expect(failures).toEqual([refusal]);
    expect(call.refusal).toBe(refusal);
  });

  it('within the service keeps everything', () => {
    const bench = createCallBench();
    bench.dispatch({ headers });
    expect(bench.exchange.options.headers).toEqual({ host: 'orders', ...headers });
  });
});

describe('waiting before a retry', () => {
  it('takes its time, and leaves no timer', async () => {
    const { call, clock } = createCallBench();
    let over = false;
    void call.sleep(50).then(() => (over = true));
    await clock.advanceAsync(49);
    expect(over).toBe(false);
    await clock.advanceAsync(1);
    expect(over).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(['abort', 'wake'] as const)('ends at once with %s', async (how) => {
    const { call, clock } = createCallBench();
    const sleep = call.sleep(50);
    call[how]('enough');
    await sleep;
    expect(clock.pendingTimers).toBe(0);
    expect(call.aborted).toBe(how === 'abort');
  });

  it('does not begin when the caller has given up', async () => {
    const { call, clock } = createCallBench();
    call.abort('enough');
    await call.sleep(50);
    expect(clock.pendingTimers).toBe(0);
  });

  it('cannot be woken when there is none', () => {
    const { call, dispatch, route } = createCallBench({ endpoints: [] });
    call.wake();
    dispatch();
    call.wake();
    expect(route.waiting[0]?.left).toBe(false);
  });
});

describe('whenOver', () => {
  it('is at once when nothing is on the wire, and at the end of the body otherwise', () => {
    const { call, dispatch, route } = createCallBench();
    const over: string[] = [];
    call.whenOver(() => over.push('before'));
    dispatch();
    call.whenOver(() => over.push('body'));
    route.exchanges[0]?.start();
    route.exchanges[0]?.answer(200);
    expect(over).toEqual(['before']);
    route.exchanges[0]?.observer.ended();
    expect(over).toEqual(['before', 'body']);
  });
});

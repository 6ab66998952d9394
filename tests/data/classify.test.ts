import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Outcome } from '../../src/core/outcome.js';
import { classifyError, classifyResponse, isLocalError } from '../../src/data/classify.js';

function outcomeOf(status: number, retryAfter?: string): Outcome {
  return classifyResponse(undefined, 'GET', status, (name) => (name === 'retry-after' ? retryAfter : undefined));
}

describe('a response by the built-in rules', () => {
  it.each([100, 200, 204, 206, 301, 304, 400, 401, 404, 408, 418, 428, 431, 451, 499, 501, 505])(
    '%d says nothing against the endpoint',
    (status) => {
      expect(outcomeOf(status)).toEqual({ kind: 'success' });
      expect(outcomeOf(status, '1')).toEqual({ kind: 'success' });
    },
  );

  it.each([500, 502, 503, 504, 506, 507, 508, 511, 520, 599])('%d is a failure', (status) => {
    expect(outcomeOf(status)).toEqual({ kind: 'failure', reason: 'status', status });
  });

  it('429 comes from an endpoint that is alive and asks for less', () => {
    expect(outcomeOf(429)).toEqual({ kind: 'overload', status: 429 });
    expect(outcomeOf(429, '2')).toEqual({ kind: 'overload', status: 429, retryAfterMs: 2_000 });
    expect(outcomeOf(429, 'soon')).toEqual({ kind: 'overload', status: 429 });
  });

  it('503 with Retry-After as well, without it comes from one that is broken', () => {
    expect(outcomeOf(503, '2')).toEqual({ kind: 'overload', status: 503, retryAfterMs: 2_000 });
    expect(outcomeOf(503, '0')).toEqual({ kind: 'overload', status: 503, retryAfterMs: 0 });
    expect(outcomeOf(503, 'soon')).toEqual({ kind: 'failure', reason: 'status', status: 503 });
  });

  it('no Retry-After is believed beyond five minutes', () => {
    expect(outcomeOf(503, '300')).toMatchObject({ retryAfterMs: 300_000 });
    expect(outcomeOf(503, '301')).toMatchObject({ retryAfterMs: 300_000 });
    expect(outcomeOf(503, '999999999999999999999')).toMatchObject({ retryAfterMs: 300_000 });
    expect(outcomeOf(429, new Date(Date.now() + 86_400_000).toUTCString())).toMatchObject({ retryAfterMs: 300_000 });
    expect(outcomeOf(429, new Date(Date.now() - 86_400_000).toUTCString())).toMatchObject({ retryAfterMs: 0 });
  });

  it('a healthy answer reads no header at all', () => {
    const read: string[] = [];
    classifyResponse(undefined, 'GET', 200, (name) => void read.push(name));
    classifyResponse(undefined, 'GET', 500, (name) => void read.push(name));
    expect(read).toEqual([]);
  });

  it('is always an outcome, and only the gateway and overload statuses can be anything but success below 500', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.option(fc.string()), (status, retryAfter) => {
        const outcome = outcomeOf(status, retryAfter ?? undefined);
        if (status < 500 && status !== 429) expect(outcome.kind).toBe('success');
        if (outcome.kind === 'failure') expect(outcome).toMatchObject({ reason: 'status', status });
        if (outcome.kind === 'overload') expect([429, 503]).toContain(status);
      }),
    );
  });
});

describe('a classifier of the user', () => {
  const own: Outcome = { kind: 'failure', reason: 'protocol' };

  it('is asked first, about healthy answers as well', () => {
    const seen: unknown[] = [];
    const outcome = classifyResponse(
      (input) => (seen.push(input), own),
      'PUT',
      200,
      (name) => `value of ${name}`,
    );
    expect(outcome).toBe(own);
    expect(seen).toEqual([{ method: 'PUT', status: 200, header: expect.any(Function) }]);
  });

  it('reads headers by lower-case name', () => {
    classifyResponse(
      ({ header }) => void expect(header('grpc-status')).toBe('14'),
      'POST',
      200,
      () => '14',
    );
  });

  it('leaves the rest to the rules by saying nothing', () => {
    expect(
      classifyResponse(
        () => undefined,
        'GET',
        200,
        () => undefined,
      ),
    ).toEqual({ kind: 'success' });
    expect(
      classifyResponse(
        () => undefined,
        'GET',
        502,
        () => undefined,
      ),
    ).toMatchObject({ kind: 'failure' });
    expect(classifyError(() => undefined, 'GET', new Error('x'), true)).toEqual({ kind: 'failure', reason: 'reset' });
  });

  it('is asked about errors, which have neither status nor headers', () => {
    const error = new Error('x');
    classifyError(
      (input) => {
        expect(input).toEqual({ method: 'GET', error, header: expect.any(Function) });
        expect(input.header('any')).toBeUndefined();
        return undefined;
      },
      'GET',
      error,
      true,
    );
    expect(classifyError(() => own, 'GET', error, true)).toBe(own);
  });
});

describe('an error by the built-in rules', () => {
  const coded = (code: string, name = 'Error'): unknown => ({ code, name });

  it.each<[string, unknown, boolean, string]>([
    ['anything before a byte was sent', coded('ECONNRESET'), false, 'connect'],
    ['a timeout before a byte was sent', coded('UND_ERR_CONNECT_TIMEOUT'), false, 'connect'],
    ['a broken connection', coded('ECONNRESET'), true, 'reset'],
    ['a socket that closed', coded('UND_ERR_SOCKET'), true, 'reset'],
    ["undici's own wait for headers", coded('UND_ERR_HEADERS_TIMEOUT'), true, 'timeout'],
    ["undici's own wait for the body", coded('UND_ERR_BODY_TIMEOUT'), true, 'timeout'],
    ['our timeout', coded('ERR_ATTEMPT_TIMEOUT', 'TimeoutError'), true, 'timeout'],
    ['what is no HTTP', coded('HPE_INVALID_CONSTANT', 'HTTPParserError'), true, 'protocol'],
    ['headers without an end', coded('UND_ERR_HEADERS_OVERFLOW'), true, 'protocol'],
    ['a body that is too short', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), true, 'protocol'],
    ['a string', 'broken', true, 'reset'],
    ['nothing', undefined, true, 'reset'],
    ['null', null, true, 'reset'],
  ])('%s', (_, error, sent, reason) => {
    expect(classifyError(undefined, 'GET', error, sent)).toEqual({ kind: 'failure', reason });
  });
});

describe('isLocalError', () => {
  it.each<[string, unknown]>([
    ['an abort', new DOMException('aborted', 'AbortError')],
    ['an abort in undici', { code: 'UND_ERR_ABORTED' }],
    ['a request that cannot be sent', { code: 'UND_ERR_INVALID_ARG' }],
    ['a body of another length than was said', { code: 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH' }],
    ['what undici does not do', { code: 'UND_ERR_NOT_SUPPORTED' }],
    ['a client that was closed', { code: 'ERR_CLIENT_CLOSED' }],
  ])('%s is our doing', (_, error) => {
    expect(isLocalError(error)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a broken connection', { code: 'ECONNRESET' }],
    ['a timeout', { name: 'TimeoutError', code: 'ERR_ATTEMPT_TIMEOUT' }],
    ['a destroyed connection', { code: 'UND_ERR_DESTROYED' }],
    ['a string', 'AbortError'],
    ['nothing', undefined],
    ['null', null],
  ])('%s is not', (_, error) => {
    expect(isLocalError(error)).toBe(false);
  });

  it('takes anything', () => {
    fc.assert(fc.property(fc.anything(), (value) => void isLocalError(value)));
  });
});

import { describe, expect, it } from '@jest/globals';

import { callOfResponse, rememberCall } from '../../src/client/call-of-response.js';
import type { Call } from '../../src/data/call.js';

const call = (name: string): Call => ({ name }) as unknown as Call;

describe('callOfResponse', () => {
  it('knows the last call that was remembered for a response', () => {
    const response = new Response('x');
    const first = call('first');
    rememberCall(response, first);
    expect(callOfResponse(response)).toBe(first);
    const second = call('second');
    rememberCall(response, second);
    expect(callOfResponse(response)).toBe(second);
  });

  it('leaves nothing on the response that others could see', () => {
    const response = new Response('x');
    const before = Reflect.ownKeys(response);
    rememberCall(response, call('c'));
    expect(Reflect.ownKeys(response)).toEqual(before);
    expect(response).toBeInstanceOf(Response);
  });

  it.each([[new Response('x')], [{}], [null], [undefined], ['text']])('knows nothing of other things (%#)', (other) => {
    expect(callOfResponse(other)).toBeUndefined();
  });

  it('does not take a clone for the response', () => {
    const response = new Response('x');
    rememberCall(response, call('c'));
    expect(callOfResponse(response.clone())).toBeUndefined();
  });
});

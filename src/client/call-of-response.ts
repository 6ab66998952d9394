/**
 * Which call a response came from, written on the response itself where nobody else can see it: in a private field. A
 * class may put one on any object that its parent's constructor returns. A WeakMap would say the same, but every entry
 * of one is looked at in each collection of young garbage: thirty times the cost, for every healthy call.
 */

import type { Call } from '../data/call.js';

class Given {
  constructor(value: object) {
    return value;
  }
}

class Marked extends Given {
  #call: Call;

  constructor(response: Response, call: Call) {
    super(response);
    this.#call = call;
  }

  static mark(response: Response, call: Call): void {
    // A caller's own fetch may hand out the same response again.
    if (#call in response) response.#call = call;
    else new Marked(response, call);
  }

  static callOf(response: object): Call | undefined {
    return #call in response ? response.#call : undefined;
  }
}

export function rememberCall(response: Response, call: Call): void {
  Marked.mark(response, call);
}

/** Undefined for what {@link rememberCall} was not told of, whatever it is. */
export function callOfResponse(response: unknown): Call | undefined {
  return typeof response === 'object' && response !== null ? Marked.callOf(response) : undefined;
}

/**
 * The power of two choices: of two distinct random endpoints, the one that costs less. Two random choices avoid the herd that
 * "the least loaded of all" makes of many clients, and keep the longest queue exponentially shorter than one does
 * (Mitzenmacher 1996). What an endpoint costs is the policy's own affair.
 *
 * The two are distinct (Finagle `P2CPick`), where Envoy and gRPC A48 may draw the same one twice: an endpoint that never
 * answers would then still get 1/n² of the calls. Ties go to the first of the two, which is random.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import { twoDistinct } from '../../kit/sample-distinct.js';
import type { Picker, PickerInput } from '../picker.js';
import { randomUntried } from './random-index.js';

/** Draws that are spent on finding a second untried endpoint; with two or more of many left, one is nearly always enough. */
const SECOND_DRAWS = 4;

export abstract class TwoChoices implements Picker {
  private readonly endpoints: readonly Endpoint[];
  private readonly count: number;
  private readonly random: Random;
  private readonly two = new Int32Array(2);

  constructor({ endpoints, random }: PickerInput) {
    this.endpoints = endpoints;
    this.count = endpoints.length;
    this.random = random;
  }

  /** Of the endpoint at this index, now. Less is better. */
  protected abstract cost(index: number): number;

  pick(context: PickContext): number {
    if (context.tried !== undefined && context.tried.size > 0) return this.pickUntried(context.tried);
    return this.pickAny();
  }

  private pickAny(): number {
    const count = this.count;
    if (count < 2) return count - 1;
    twoDistinct(count, this.random, this.two);
    return this.better(this.two[0] as number, this.two[1] as number);
  }

  private pickUntried(tried: ReadonlySet<string>): number {
    const first = randomUntried(this.random, this.endpoints, tried);
    if (first < 0) return this.pickAny();
    for (let draw = 0; draw < SECOND_DRAWS; draw++) {
      const second = randomUntried(this.random, this.endpoints, tried);
      if (second !== first) return this.better(first, second);
    }
    return first;
  }

  private better(first: number, second: number): number {
    return this.cost(second) < this.cost(first) ? second : first;
  }
}

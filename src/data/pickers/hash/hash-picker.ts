/**
 * What the three policies by hash have in common: a call's key decides who serves it, as long as that endpoint is there,
 * was not tried by this call and is not overloaded. A call without a key goes to anybody, by weight.
 *
 * The table or ring of a set is built when the first key asks for it: changes that follow each other without a call between
 * cost nothing. It takes over from the last one that was built what it can.
 */

import type { PickContext } from '../../../core/lease.js';
import type { Random } from '../../../core/random.js';
import { xxhash64, type Hash64 } from '../../../kit/xxhash64.js';
import type { Loads, Picker, PickerInput } from '../../picker.js';
import { createRandomPicker } from '../random.js';
import { LoadBound } from './load-bound.js';
import type { Locator, Predecessor } from './locator.js';
import { carriedMembers } from './carried-members.js';
import { membersOf, type Members } from './members.js';

/** Builds the locator of a set; the predecessor is the last one that it built for this service. */
export type BuildLocator = (members: Members, predecessor: Predecessor | undefined) => Locator;

export function createHashPicker(input: PickerInput, build: BuildLocator, boundedLoad: number | false): Picker {
  return new HashPicker(input, build, boundedLoad);
}

/** What is made when it is first needed. */
interface Built {
  readonly locator: Locator;
  readonly bound: LoadBound | undefined;
}

class HashPicker implements Picker {
  private readonly endpoints: PickerInput['endpoints'];
  private readonly loads: Loads;
  private readonly random: Random;
  private readonly build: BuildLocator;
  private readonly boundedLoad: number | false;
  private readonly keyless: Picker;
  private built: Built | undefined;
  private last: Locator | undefined;

  constructor(input: PickerInput, build: BuildLocator, boundedLoad: number | false) {
    this.endpoints = input.endpoints;
    this.loads = input.loads;
    this.random = input.random;
    this.build = build;
    this.boundedLoad = boundedLoad;
    this.keyless = createRandomPicker(input);
    if (input.previous instanceof HashPicker) this.last = input.previous.built?.locator ?? input.previous.last;
  }

  pick(context: PickContext): number {
    const { hashKey, tried } = context;
    if (this.endpoints.length < 2) return this.endpoints.length - 1;
    const { locator, bound } = (this.built ??= this.buildNow());
    const hash = hashKey === undefined ? randomHash(this.random) : xxhash64(hashKey);
    let avoided = tried !== undefined && tried.size > 0 ? tried : undefined;
    let index = hashKey === undefined ? this.keyless.pick(context) : locator.locate(hash, avoided);
    if (index < 0) {
      // It has tried them all: its own endpoint is as good as any.
      avoided = undefined;
      index = locator.locate(hash, undefined);
    }
    return bound === undefined || bound.fits(index) ? index : bound.elsewhere(hash, index, avoided);
  }

  private buildNow(): Built {
    const { last } = this;
    this.last = undefined;
    const carried = last === undefined ? undefined : carriedMembers(this.endpoints, last.members);
    const members = carried?.members ?? membersOf(this.endpoints);
    const locator = this.build(members, last && carried && { locator: last, origins: carried.origins });
    const bound = this.boundedLoad === false ? undefined : new LoadBound(members, this.loads, this.boundedLoad);
    return { locator, bound };
  }
}

function randomHash(random: Random): Hash64 {
  return { high: Math.floor(random.next() * 4_294_967_296), low: Math.floor(random.next() * 4_294_967_296) };
}

/**
 * Two random choices by what is to do: of the two, the endpoint with the lower (in flight + failure score + 1) / weight.
 * The failure score is part of the load, or an endpoint that fails at once, and so never has anything in flight, would
 * draw calls in.
 */

import type { Loads, Picker, PickerInput } from '../picker.js';
import { costPerWeight } from './cost-per-weight.js';
import { TwoChoices } from './two-choices.js';

export function createP2cPicker(input: PickerInput): Picker {
  return new P2cPicker(input);
}

class P2cPicker extends TwoChoices {
  private readonly loads: Loads;
  private readonly perWeight: Float64Array | undefined;

  constructor(input: PickerInput) {
    super(input);
    this.loads = input.loads;
    this.perWeight = costPerWeight(input.endpoints);
  }

  protected cost(index: number): number {
    const load = this.loads.inFlight(index) + this.loads.failureScore(index) + 1;
    return this.perWeight === undefined ? load : load * (this.perWeight[index] as number);
  }
}

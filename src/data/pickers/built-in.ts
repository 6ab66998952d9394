/** The balancing algorithms that have a name. */

import type { PickerFactory } from '../picker.js';
import { createAdaptivePicker } from './adaptive.js';
import { createP2cPicker } from './p2c.js';
import { createRandomPicker } from './random.js';
import { createRoundRobinPicker } from './round-robin.js';

export type BalancerName = 'adaptive' | 'p2c' | 'round-robin' | 'random';

export const BUILT_IN_PICKERS: Readonly<Record<BalancerName, PickerFactory>> = {
  adaptive: createAdaptivePicker,
  p2c: createP2cPicker,
  'round-robin': createRoundRobinPicker,
  random: createRandomPicker,
};

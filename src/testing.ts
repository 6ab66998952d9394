/** `fairlead/testing`: what the library's own tests are made of, for yours. */

export { createFakeClock, type AdvanceOptions, type FakeClock } from './testing/fake-clock.js';
export { createManualResolver, type ManualResolver } from './testing/manual-resolver.js';
export { createSeededRandom } from './testing/seeded-random.js';

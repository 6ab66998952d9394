export { FairleadError, isFairleadError } from './core/errors.js';
export type { Clock } from './core/clock.js';

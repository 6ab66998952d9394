export { FairleadError } from './core/errors.js';

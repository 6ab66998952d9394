import type { Hash64 } from '../../../kit/xxhash64.js';

/** Says whose a hash is. One for each set, built when the first hash is asked for. */
export interface Locator {
  /** An index into the endpoints, of one that is not among `tried`; -1 when they are all. */
  locate(hash: Hash64, tried: ReadonlySet<string> | undefined): number;
}

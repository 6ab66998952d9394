import type { Hash64 } from '../../../kit/xxhash64.js';
import type { Members } from './members.js';

/** Says whose a hash is. One for each set, built when the first hash is asked for. */
export interface Locator {
  readonly members: Members;
  /** An index into the endpoints, of one that is not among `tried`; -1 when they are all. */
  locate(hash: Hash64, tried: ReadonlySet<string> | undefined): number;
}

/** The locator of the set before, from which the next one takes over what it can. */
export interface Predecessor {
  readonly locator: Locator;
  /** By position among the new members: where the same name stood in that set; -1 for one that is new. */
  readonly origins: Int32Array;
}

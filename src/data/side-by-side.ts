/**
 * What becomes of a call that shares its time with another one: it loses, and nothing that it sends counts any more;
 * or it goes on as what the other one has become. Most calls never have company and never own one of these.
 */

import type { FairleadError } from '../core/errors.js';
import type { HedgeKind } from './hedging/hedge-policy.js';

export interface SideBySide<C> {
  /** The call that this one runs beside; undefined for the one that was there first. */
  readonly main: C | undefined;
  /** Why this one was sent beside the other; undefined for the one that was there first. */
  readonly kind: HedgeKind | undefined;
  /** The other one has answered: whatever this one sends from now on ends with this error. */
  superseded: FairleadError | undefined;
  /** The one beside this that speaks for it now. */
  adopted: C | undefined;
}

export function sideBySide<C>(main?: C, kind?: HedgeKind): SideBySide<C> {
  return { main, kind, superseded: undefined, adopted: undefined };
}

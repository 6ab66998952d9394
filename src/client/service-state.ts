import type { Leaving } from '../control/drain/drain-watch.js';
import type { Selection } from '../control/eligibility.js';
import type { EjectionView } from '../control/eligibility-facts.js';
import type { Locality } from '../control/locality-settings.js';
import type { Membership } from '../control/membership.js';
import type { SlowStart } from '../control/slow-start.js';
import type { Subset } from '../control/subset.js';
import type { Resolution } from '../core/resolution.js';
import type { Balancer } from '../data/balancer.js';

/** Everything that is learned and decided about one service, for `snapshot()` and `explain()`. */
export interface ServiceState {
  readonly resolution: Resolution;
  readonly selection: Selection;
  readonly membership: Membership;
  readonly subset: Subset;
  readonly locality: Locality | undefined;
  /** What ejection and active checks say together. */
  readonly ejection: EjectionView | undefined;
  /** Who gets no new requests because it is leaving. */
  readonly leaving: ReadonlyMap<string, Leaving> | undefined;
  readonly slowStart: SlowStart | undefined;
  readonly balancer: Balancer;
}

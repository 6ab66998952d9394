import { IGNORED, SUCCESS, type Outcome } from '../../core/outcome.js';
import type { Call } from '../call.js';

/** How a call ended as its service's own doing: after all retries, and whatever became of a redirect that led elsewhere. */
export function finalOutcome({ aborted, last, route }: Call): Outcome {
  // Nobody was asked: no endpoints, a limit, a caller who gave up.
  if (aborted || last === undefined) return IGNORED;
  // Nobody read the answer in time, and that was our own doing.
  if (last.isLate) return IGNORED;
  // The service has answered, if only with the way to another one.
  return last.route === route ? (last.outcome ?? IGNORED) : SUCCESS;
}

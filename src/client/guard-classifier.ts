import { describeError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { Classifier } from '../core/outcome.js';

/**
 * A user's classifier runs in callbacks of the connection and of timers, where an exception would break the answer that
 * is being read, or end the process. One that throws has decided nothing; the operator is told once.
 */
export function guardClassifier(
  classify: Classifier | undefined,
  service: string,
  events: EventSink,
): Classifier | undefined {
  if (classify === undefined) return undefined;
  let told = false;
  return (input) => {
    try {
      return classify(input);
    } catch (error) {
      if (!told && events.wants('warning')) {
        told = true;
        events.emit('warning', { service, message: `options.classify threw: ${describeError(error)}` });
      }
      return undefined;
    }
  };
}

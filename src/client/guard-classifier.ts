import { describeError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import { isOutcome, type Classifier } from '../core/outcome.js';
import { describeValue } from '../kit/option-error.js';

/**
 * A user's classifier runs in callbacks of the connection and of timers, where an exception would break the answer that
 * is being read, or end the process; an answer that is no outcome would go on to whoever judges endpoints. One that
 * throws, or says nothing that is known, has decided nothing; the operator is told once.
 */
export function guardClassifier(
  classify: Classifier | undefined,
  service: string,
  events: EventSink,
): Classifier | undefined {
  if (classify === undefined) return undefined;
  let told = false;
  const tell = (what: string): undefined => {
    if (!told && events.wants('warning')) {
      told = true;
      events.emit('warning', { service, message: `options.classify ${what}` });
    }
    return undefined;
  };
  return (input) => {
    try {
      const outcome: unknown = classify(input);
      if (outcome === undefined) return undefined;
      return isOutcome(outcome) ? outcome : tell(`returned ${describeValue(outcome)}, which is no outcome`);
    } catch (error) {
      return tell(`threw: ${describeError(error)}`);
    }
  };
}

/**
 * A copy of Eureka's whole registry, kept true by the changes that the server tells.
 *
 * A delta names the instances that changed within the server's last three minutes, whole, and again with every question,
 * so that applying one twice, or late, does no harm. Whether nothing was missed is checked by the hashcode: how many
 * instances there are in which state. Of instances that are not wanted only the state is kept, for that count.
 *
 * A copy is never changed, a new one is made: questions that overlap cannot corrupt each other's.
 */

import type { Applications, EurekaInstance } from './applications.js';

export type RegistryCopy = ReadonlyMap<string, CopiedInstance>;

export interface CopiedInstance {
  readonly status: string;
  /** Undefined for an instance that is not wanted. */
  readonly instance: EurekaInstance | undefined;
}

export type Wanted = (instance: EurekaInstance) => boolean;

export function copyOf({ instances }: Applications, wanted: Wanted): RegistryCopy {
  return new Map(instances.map((instance) => [instance.key, copied(instance, wanted)]));
}

/** The copy with the changes in it; the copy itself when there are none. */
export function withDelta(copy: RegistryCopy, { instances }: Applications, wanted: Wanted): RegistryCopy {
  if (instances.length === 0) return copy;
  const changed = new Map(copy);
  for (const instance of instances) {
    if (instance.action === 'DELETED') changed.delete(instance.key);
    else if (instance.action === 'ADDED' || instance.action === 'MODIFIED') {
      changed.set(instance.key, copied(instance, wanted));
    }
  }
  return changed;
}

/** `DOWN_2_UP_8_`: each state that occurs and how often, in alphabetical order (`Applications.getReconcileHashCode`). */
export function hashcodeOf(copy: RegistryCopy): string {
  const counts = new Map<string, number>();
  for (const { status } of copy.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${status}_${count}_`)
    .join('');
}

export function wantedOf(copy: RegistryCopy): EurekaInstance[] {
  return [...copy.values()].flatMap(({ instance }) => instance ?? []);
}

function copied(instance: EurekaInstance, wanted: Wanted): CopiedInstance {
  return { status: instance.status, instance: wanted(instance) ? instance : undefined };
}

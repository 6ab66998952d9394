/**
 * What Eureka answers, read as a list of instances. Its JSON has a history: what is a list came as a lone object from
 * older servers when it had one entry, `true` may be a string, and names of fields changed their case or their
 * underscores (Netflix/eureka, `EurekaJacksonCodec`). Nothing else about a body is taken for granted.
 */

import { isPlainObject } from '../../../kit/option-error.js';

export type Fields = Readonly<Record<string, unknown>>;

/** One registered instance, whatever its state. */
export interface EurekaInstance {
  /** The same for the same instance in every answer. */
  readonly key: string;
  /** `UP`, `DOWN`, `STARTING`, `OUT_OF_SERVICE` or `UNKNOWN`. */
  readonly status: string;
  /** `ADDED`, `MODIFIED` or `DELETED`: what a delta says happened to it. */
  readonly action: string | undefined;
  /** Everything that was said about it. */
  readonly fields: Fields;
}

export interface Applications {
  /** How many instances there are in which state, in the whole registry; see registry-copy.ts. */
  readonly hashcode: string | undefined;
  readonly instances: readonly EurekaInstance[];
}

const NOTHING: Fields = Object.freeze({});

/**
 * The body of `/apps`, `/apps/delta`, `/vips/:vip` and `/svips/:vip`.
 *
 * @throws Error for what is no such body
 */
export function readApplications(body: unknown): Applications {
  const { applications } = fieldsOf(body);
  if (!isPlainObject(applications)) throw new Error('the body holds no applications');
  const { application, apps__hashcode: hashcode, apps_hashcode: plainHashcode } = applications;
  return {
    hashcode: text(hashcode) ?? text(plainHashcode),
    instances: listOf(application).flatMap(instancesOf),
  };
}

/**
 * The body of `/apps/:app`.
 *
 * @throws Error for what is no such body
 */
export function readApplication(body: unknown): Applications {
  const { application } = fieldsOf(body);
  return { hashcode: undefined, instances: instancesOf(application) };
}

function instancesOf(application: unknown): EurekaInstance[] {
  if (!isPlainObject(application)) throw new Error('the body holds an application that is none');
  const app = text(application['name']);
  return listOf(application['instance']).map((entry) => instanceOf(fieldsOf(entry), app));
}

function instanceOf(fields: Fields, listedUnder: string | undefined): EurekaInstance {
  const app = (text(fields['app']) ?? listedUnder ?? '').toUpperCase();
  const status = text(fields['status']);
  if (status === undefined) throw new Error('the body holds an instance without a status');
  return { key: `${app}/${idOf(fields)}`, status, action: text(fields['actionType']), fields };
}

/** `InstanceInfo.getId`: older instances have no id of their own. */
export function idOf(fields: Fields): string {
  const { metadata } = fieldsOf(fields['dataCenterInfo']);
  return text(fields['instanceId']) || text(fieldsOf(metadata)['instance-id']) || text(fields['hostName']) || '';
}

/** The object's fields; none when it is no object. */
export function fieldsOf(value: unknown): Fields {
  return isPlainObject(value) ? value : NOTHING;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

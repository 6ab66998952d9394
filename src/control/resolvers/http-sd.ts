/** Prometheus' HTTP service discovery format: `[{ "targets": ["host:port"], "labels": { … } }]`. */

import type { EndpointInput } from '../../core/endpoint.js';
import { isPlainObject } from '../../kit/option-error.js';
import { normalizeEndpoint } from '../discovery/normalize-endpoint.js';
import { MAX_ENDPOINTS } from '../discovery/read-answer.js';

/**
 * Labels become metadata. Where valid, `weight`, `priority`, `zone` and `region` are taken for what they say.
 * @param maxEndpoints counted before anything is made of them: a million small texts are less than a million endpoints
 * @throws Error when the body has another shape, or too many targets
 */
export function parseHttpSd(body: unknown, maxEndpoints: number = MAX_ENDPOINTS): EndpointInput[] {
  if (!Array.isArray(body)) throw new Error('the body is no array of target groups');
  let count = 0;
  for (const group of body as unknown[]) {
    if (!isPlainObject(group) || !Array.isArray(group['targets'])) {
      throw new Error('a target group has no array of targets');
    }
    count += group['targets'].length;
  }
  if (count > maxEndpoints) throw new Error(`the answer has ${count} endpoints, more than ${maxEndpoints}`);
  return (body as TargetGroup[]).flatMap(({ targets, labels }) => {
    const known = readLabels(isPlainObject(labels) ? labels : {});
    return targets.map((target) => labelled(target as EndpointInput, known));
  });
}

interface TargetGroup {
  readonly targets: readonly unknown[];
  readonly labels?: unknown;
}

/** The target with its labels as metadata; as it came when it is no endpoint, for whoever reads the answer to refuse. */
export function withLabels(target: EndpointInput, labels: Record<string, unknown>): EndpointInput {
  return labelled(target, readLabels(labels));
}

interface Labels {
  readonly all: Record<string, unknown>;
  /** What they say of an endpoint; undefined when something of it is unusable. */
  readonly said:
    { weight?: number | undefined; priority?: number | undefined; zone: unknown; region: unknown } | undefined;
}

/** Once for a group. A label that says something unusable is still a label, and no reason to lose an endpoint. */
function readLabels(all: Record<string, unknown>): Labels {
  const { zone, region } = all;
  const said = { weight: numeric(all['weight']), priority: numeric(all['priority']), zone, region };
  const isUsable = typeof normalizeEndpoint({ host: 'any', ...said } as EndpointInput) !== 'string';
  return { all, said: isUsable ? said : undefined };
}

function labelled(target: EndpointInput, { all, said }: Labels): EndpointInput {
  const endpoint = normalizeEndpoint(target);
  if (typeof endpoint === 'string') return target;
  const { id, host, port, scheme, basePath, weight, priority, zone, region, hostname } = endpoint;
  return {
    // An id of its own; the usual one follows from the rest.
    id: typeof target === 'string' ? undefined : id,
    host,
    port,
    scheme,
    basePath,
    weight: said?.weight ?? weight,
    priority: said?.priority ?? priority,
    zone: said === undefined ? zone : said.zone,
    region: said === undefined ? region : said.region,
    hostname,
    metadata: all,
  } as EndpointInput;
}

function numeric(label: unknown): number | undefined {
  return typeof label === 'string' && label.trim() !== '' ? Number(label) : undefined;
}

/** Prometheus' HTTP service discovery format: `[{ "targets": ["host:port"], "labels": { … } }]`. */

import type { EndpointInput } from '../../core/endpoint.js';
import { isPlainObject } from '../../kit/option-error.js';
import { normalizeEndpoint } from '../discovery/normalize-endpoint.js';

/**
 * Labels become metadata. Where valid, `weight`, `priority`, `zone` and `region` are taken for what they say.
 * @throws Error when the body has another shape
 */
export function parseHttpSd(body: unknown): EndpointInput[] {
  if (!Array.isArray(body)) throw new Error('the body is no array of target groups');
  return body.flatMap((group: unknown) => {
    if (!isPlainObject(group) || !Array.isArray(group['targets'])) {
      throw new Error('a target group has no array of targets');
    }
    const labels = isPlainObject(group['labels']) ? group['labels'] : {};
    return group['targets'].map((target: unknown) => withLabels(target as EndpointInput, labels));
  });
}

/** The target with its labels as metadata; as it came when it is no endpoint, for whoever reads the answer to refuse. */
export function withLabels(target: EndpointInput, labels: Record<string, unknown>): EndpointInput {
  const endpoint = normalizeEndpoint(target);
  // Handed on as it came: whoever reads the answer refuses it and says why.
  if (typeof endpoint === 'string') return target;
  const { weight, priority, zone, region } = labels;
  const labelled = {
    ...endpoint,
    weight: numeric(weight) ?? endpoint.weight,
    priority: numeric(priority) ?? endpoint.priority,
    zone,
    region,
    metadata: labels,
  } as EndpointInput;
  // A label that says something unusable is still a label, and no reason to lose the endpoint.
  if (typeof normalizeEndpoint(labelled) !== 'string') return labelled;
  return { ...endpoint, metadata: labels } as EndpointInput;
}

function numeric(label: unknown): number | undefined {
  return typeof label === 'string' && label.trim() !== '' ? Number(label) : undefined;
}

/** An observation for programs: one object, on one line. */

import { describeError } from '../core/errors.js';
import type { Observation } from './observe.js';
import { foundBy, problems } from './observation-text.js';
import { publicSpec } from './spec-options.js';

/** @param atMs when it was made: milliseconds since 1970 */
export function observationJson(spec: string, observation: Observation, atMs: number): string {
  const { resolver, resolution, answer, error, dns, tookMs, refused } = observation;
  return `${JSON.stringify({
    atMs: Math.round(atMs),
    spec: publicSpec(spec),
    resolver,
    status: resolution.status,
    tookMs: Math.round(tookMs),
    error: error === undefined ? undefined : describeError(error),
    held: resolution.held,
    ttlMs: answer?.ttlMs,
    authoritative: answer?.authoritative,
    endpoints: resolution.endpoints.map((endpoint) => {
      const { record, server, ttlMs } = foundBy(dns, endpoint) ?? {};
      return { ...endpoint, from: record === undefined ? undefined : { record, server, ttlMs } };
    }),
    refused,
    problems: problems(observation),
    questions: dns?.questions,
  })}\n`;
}

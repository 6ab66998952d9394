/** What became different between two observations, for `--watch`. */

import type { Endpoint } from '../core/endpoint.js';
import { describeError } from '../core/errors.js';
import { sameEndpoint } from '../core/same-endpoint.js';
import type { Observation } from './observe.js';
import { addressOf, headline, problems } from './observation-text.js';
import type { Paint } from './paint.js';
import { printable } from './words.js';

/** Whether somebody who watches would want to hear of it. */
export function isNews(before: Observation, now: Observation): boolean {
  return (
    before.resolution.endpoints !== now.resolution.endpoints ||
    before.resolution.status !== now.resolution.status ||
    before.resolution.held !== now.resolution.held ||
    errorText(before) !== errorText(now) ||
    problems(before).join('\n') !== problems(now).join('\n')
  );
}

/** A line for the state, one for each endpoint that came, went or changed, and one for each new problem. */
export function changesText(before: Observation, now: Observation, paint: Paint): string {
  const was = new Map(before.resolution.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const is = new Map(now.resolution.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const lines = [headline(now, paint)];
  for (const [id, endpoint] of is) {
    const known = was.get(id);
    if (known === undefined) lines.push(paint('good', `  + ${name(endpoint)}`));
    else if (!sameEndpoint(known, endpoint)) lines.push(`  ~ ${name(endpoint)}: ${differences(known, endpoint)}`);
  }
  for (const [id, endpoint] of was) if (!is.has(id)) lines.push(paint('bad', `  - ${name(endpoint)}`));
  const old = new Set(problems(before));
  for (const problem of problems(now)) if (!old.has(problem)) lines.push(paint('bad', `  ! ${printable(problem)}`));
  return lines.join('\n');
}

function name(endpoint: Endpoint): string {
  return printable(addressOf(endpoint));
}

function differences(before: Endpoint, now: Endpoint): string {
  const fields = ['host', 'port', 'scheme', 'basePath', 'weight', 'priority', 'region', 'zone', 'hostname'] as const;
  const changed = fields.filter((field) => before[field] !== now[field]);
  const words = changed.map((field) => `${field} ${before[field] ?? 'none'} → ${now[field] ?? 'none'}`);
  return printable(words.length === 0 ? 'its metadata' : words.join(', '));
}

function errorText({ error }: Observation): string | undefined {
  return error === undefined ? undefined : describeError(error);
}

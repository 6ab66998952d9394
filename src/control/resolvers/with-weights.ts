/** Weights from outside of discovery: for a canary that gets a twentieth, for machines of two sizes. */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import type { Resolver } from '../../core/resolver.js';
import { describeValue } from '../../kit/option-error.js';
import { func, number } from '../../kit/option-schema.js';
import { record, union } from '../../kit/option-structures.js';
import { childResolver } from './children.js';
import { transformAnswers } from './transform-answers.js';

/** As for the weight of an endpoint. */
const MAX_WEIGHT = 1_000_000;

const WEIGHTS = union(func<(endpoint: Endpoint) => number | undefined>(), record(number({ min: 0, max: MAX_WEIGHT })));

/**
 * Gives endpoints other weights than the source does.
 *
 * @param weights by `'host:port'`, by host, or by id; or a function, which is asked about every endpoint of every answer.
 *   0–1_000_000. Whoever has none there, or for whom it returns undefined, keeps the source's. A function that throws,
 *   or returns anything else, is reported as "could not ask".
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function withWeights(
  resolver: Resolver,
  weights: Readonly<Record<string, number>> | ((endpoint: Endpoint) => number | undefined),
): Resolver {
  const given = WEIGHTS.parse(weights, 'withWeights.weights');
  const weightOf = typeof given === 'function' ? given : (endpoint: Endpoint) => listedWeight(given, endpoint);
  return transformAnswers('withWeights', childResolver('withWeights', resolver), (endpoint) => {
    const weight: unknown = weightOf(endpoint);
    if (weight === undefined) return endpoint as EndpointInput;
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= MAX_WEIGHT))
      throw new Error(`a weight must be a number from 0 to ${MAX_WEIGHT}, it is ${describeValue(weight)}`);
    return { ...endpoint, weight } as EndpointInput;
  });
}

function listedWeight(weights: Readonly<Record<string, number>>, { id, host, port }: Endpoint): number | undefined {
  const name = host.includes(':') ? `[${host}]` : host;
  return weights[id] ?? (port === undefined ? undefined : weights[`${name}:${port}`]) ?? weights[host];
}

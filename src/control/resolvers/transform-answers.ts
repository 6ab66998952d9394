/**
 * What the combinators share that change what one resolver says. The resolver stays what it was, asked or watched, and
 * the rest of each answer (its time to live, whether its source vouches for it) stays as it came.
 *
 * The functions are the user's. One that throws makes the whole answer "could not ask": what was known stays in use,
 * and the reason is reported, as with a registry that is down.
 */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import { describeError } from '../../core/errors.js';
import type { Prober, Resolver, ResolverAnswer, Watcher } from '../../core/resolver.js';
import { normalizeEndpoint } from '../discovery/normalize-endpoint.js';

/** What becomes of one endpoint; undefined when it is left out. May throw. */
export type Transform = (endpoint: Endpoint) => EndpointInput | undefined;

/** @param combinator its name, for messages and for the kind of the result */
export function transformAnswers(combinator: string, resolver: Resolver, transform: Transform): Resolver {
  const about = {
    kind: `${combinator}(${resolver.kind})`,
    ...(resolver.source === undefined ? {} : { source: resolver.source }),
  };
  const transformed = (answer: ResolverAnswer): ResolverAnswer => transformAnswer(combinator, answer, transform);
  if ('watch' in resolver && typeof resolver.watch === 'function') {
    const watcher: Watcher = {
      ...about,
      // An author's watcher may be asynchronous, whatever its type says; then the feed wants to hear of its end.
      watch: (receiver, ctx) =>
        resolver.watch(
          {
            update: (answer) => {
              let changed;
              try {
                changed = transformed(answer);
              } catch (error) {
                receiver.error(error);
                return;
              }
              receiver.update(changed);
            },
            error: (error) => receiver.error(error),
          },
          ctx,
        ),
    };
    return watcher;
  }
  const prober: Prober = { ...about, resolve: async (ctx) => transformed(await (resolver as Prober).resolve(ctx)) };
  return prober;
}

function transformAnswer(combinator: string, answer: ResolverAnswer, transform: Transform): ResolverAnswer {
  // Of a wrong shape it is handed on as it came, and so are inputs that are no endpoints: whoever reads the answer
  // refuses them and says why.
  if (!Array.isArray((answer as Partial<ResolverAnswer> | undefined)?.endpoints)) return answer;
  const endpoints: EndpointInput[] = [];
  for (const input of answer.endpoints) {
    const endpoint = normalizeEndpoint(input);
    const changed = typeof endpoint === 'string' ? input : applied(combinator, endpoint, transform);
    if (changed !== undefined) endpoints.push(changed);
  }
  return { ...answer, endpoints };
}

function applied(combinator: string, endpoint: Endpoint, transform: Transform): EndpointInput | undefined {
  try {
    return transform(endpoint);
  } catch (error) {
    throw new Error(`${combinator}, for ${endpoint.id}: ${describeError(error)}`, { cause: error });
  }
}

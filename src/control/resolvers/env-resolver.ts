/**
 * Endpoints from environment variables, as Kubernetes, .NET Aspire and deployment scripts write them. Which ones, in
 * which spelling and in which order, stands in env-variables.ts.
 *
 * An environment is written before the process begins, so the answer is there while the resolver is being watched, as a
 * static one's is. It is read again whenever discovery is asked to refresh.
 */

import type { EndpointInput } from '../../core/endpoint.js';
import type { Watcher, WatchContext } from '../../core/resolver.js';
import { any, string } from '../../kit/option-schema.js';
import { object } from '../../kit/option-structures.js';
import { feedContext } from '../discovery/feed-context.js';
import { normalizeEndpoint } from '../discovery/normalize-endpoint.js';
import { searchEnvironment, type FoundAddress } from './env-variables.js';

export interface EnvResolverOptions {
  /**
   * A named port: of the Kubernetes service (`ORDERS_SERVICE_PORT_GRPC`) or an Aspire endpoint's name
   * (`services__orders__grpc__0`). Does not touch `ORDERS_URLS`.
   * @default the service's first port in Kubernetes; `https`, then `http`, then the only one in Aspire
   */
  readonly portName?: string;
  /** Where variables are looked up, each time anew. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const NAME = string({
  expected: 'the name of a service: letters, digits, and - . _ between them',
  accepts: (name) => /^[a-z\d](?:[\w.-]*[a-z\d])?$/i.test(name) && name.length <= 253,
});

const OPTIONS = object<EnvResolverOptions>({
  portName: string({ expected: 'the name of a port', accepts: (name) => /^[\w-]{1,63}$/.test(name) }),
  env: any('an object of strings', (value) => typeof value === 'object' && value !== null),
});

/**
 * No variable that speaks of the service means "could not ask", not "nobody serves it": the environment was not told.
 *
 * @param name of the service. @default the name under which the client knows it, without a port
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function envResolver(name?: string, options: EnvResolverOptions = {}): Watcher {
  const given = name === undefined ? undefined : NAME.parse(name, 'envResolver');
  const { portName, env } = OPTIONS.parse(options, 'envResolver');

  /** @throws Error when the variables do not say who serves it */
  function read(service: string | undefined): readonly EndpointInput[] {
    if (service === undefined) throw new Error('envResolver() needs a name where no service of a client is resolved');
    const { found, lookedFor } = searchEnvironment(service, portName, env ?? process.env);
    if (found.length === 0)
      throw new Error(`no environment variable says where it is: not ${lookedFor.join(', nor ')}`);
    return found.map(endpointOf);
  }

  return {
    kind: 'env',
    watch(receiver, ctx: WatchContext) {
      const service = given ?? ctx.service?.replace(/:\d+$/, '');
      const tell = (): void => {
        let endpoints;
        try {
          endpoints = read(service);
        } catch (error) {
          receiver.error(error);
          return;
        }
        receiver.update({ endpoints, authoritative: true });
      };
      feedContext(ctx).onRefresh(tell);
      tell();
    },
  };
}

/** With the variable's name as metadata. What is no endpoint goes on as it came: whoever reads the answer says why. */
function endpointOf({ text, variable }: FoundAddress): EndpointInput {
  const endpoint = normalizeEndpoint(text);
  return typeof endpoint === 'string' ? text : ({ ...endpoint, metadata: { variable } } as EndpointInput);
}

/**
 * Endpoints from Nacos, by its HTTP interfaces: the instances that are enabled, healthy and have a weight.
 *
 * A prober: who wants to be told by Nacos must speak its gRPC, or take its datagrams, which it sends without asking
 * whether they arrived. What Nacos' own clients call protection from empty pushes, every resolver has from its feed.
 */

import { systemClock, type Clock } from '../../../core/clock.js';
import type { Prober, ResolverAnswer } from '../../../core/resolver.js';
import { createBackgroundFetch } from '../background-fetch.js';
import { firstAnswer } from '../registry-failover.js';
import { sourceOf } from '../registry-url.js';
import { createNacosLogin, type NacosAccess } from './nacos-login.js';
import { nacosSettings, type NacosResolverOptions, type NacosSettings } from './nacos-options.js';
import { createNacosServer } from './nacos-server.js';

/** `defaultPushCacheMillis` of Nacos' `SwitchDomain`: what its answers say, where they say something. */
const USUAL_TTL_MS = 10_000;

/**
 * The instances of a service that are registered with Nacos, enabled and healthy.
 *
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function nacosResolver(options: NacosResolverOptions): Prober {
  const settings = nacosSettings(options);
  const { urls, ttlMs, timeoutMs = 3_000, maxBytes = 20_971_520, username, password } = settings;
  const access: NacosAccess = { fetch: settings.fetch ?? createBackgroundFetch(settings.tls), maxBytes, timeoutMs };
  const login =
    username === undefined || password === undefined ? undefined : createNacosLogin({ username, password }, access);
  const ask = firstAnswer(urls.map((url) => createNacosServer(url, settings, access, login)));
  return {
    kind: 'nacos',
    source: sourceOfService(settings),
    // Feeds pass their clock on; others need not.
    async resolve({ signal, clock = systemClock }: { signal: AbortSignal; clock?: Clock }): Promise<ResolverAnswer> {
      const { endpoints, keepForMs } = await ask({ signal, clock });
      return { endpoints, ttlMs: ttlMs ?? keepForMs ?? USUAL_TTL_MS };
    },
  };
}

function sourceOfService({
  urls,
  namespace = 'public',
  group = 'DEFAULT_GROUP',
  service,
  clusters,
}: NacosSettings): string {
  return `${sourceOf(urls)} ${namespace} ${group}@@${service} ${clusters?.join() ?? ''}`.trimEnd();
}

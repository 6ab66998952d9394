/**
 * Endpoints from Eureka: the instances of an application, or of a virtual host name, that are up.
 *
 * A prober, since Eureka pushes nothing: how often it is asked, what is served while it is down, and how a sudden
 * emptiness is doubted is the feed's part, as for every resolver. Eureka knows nobody after a restart until its services
 * have sent their next heartbeats, half a minute later, so its word for emptiness is never final here.
 *
 * With `delta` there is state from one question to the next, the copy of the registry. It is replaced as a whole, and
 * only by what was found to be complete, so that one resolver may serve several feeds.
 */

import { systemClock, type Clock } from '../../../core/clock.js';
import type { Prober, ResolverAnswer } from '../../../core/resolver.js';
import { createBackgroundFetch } from '../background-fetch.js';
import { sourceOf } from '../registry-url.js';
import { readApplication, readApplications, text, type EurekaInstance } from './applications.js';
import { askEureka, type AskEureka } from './eureka-api.js';
import { eurekaSettings, type EurekaResolverOptions, type EurekaSettings } from './eureka-options.js';
import { endpointsOf } from './instance-endpoints.js';
import { copyOf, hashcodeOf, wantedOf, withDelta, type RegistryCopy, type Wanted } from './registry-copy.js';

/** How long the server remembers what changed (`retentionTimeInMSInDeltaQueue`): a copy older than this may miss some. */
const DELTA_REACHES_BACK_MS = 180_000;

/**
 * The instances of an application, or of a virtual host name, that are registered with Eureka and up.
 *
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function eurekaResolver(options: EurekaResolverOptions): Prober {
  const settings = eurekaSettings(options);
  const {
    secure,
    preferIp = false,
    delta = false,
    ttlMs = 30_000,
    timeoutMs = 3_000,
    maxBytes = 52_428_800,
  } = settings;
  const { urls, headers, fetch = createBackgroundFetch(settings.tls) } = settings;
  const ask = askEureka(urls, { fetch, headers, maxBytes, timeoutMs });
  const instances = delta ? instancesByDelta(ask, settings) : instancesByName(ask, settings);
  return {
    kind: 'eureka',
    source: `${sourceOf(urls)} ${settings.app ?? ''} ${settings.vip ?? ''}`,
    // Feeds pass their clock on; others need not.
    async resolve({ signal, clock = systemClock }: { signal: AbortSignal; clock?: Clock }): Promise<ResolverAnswer> {
      return { endpoints: endpointsOf(await instances({ signal, clock }), { secure, preferIp }), ttlMs };
    },
  };
}

type Instances = (ctx: { readonly signal: AbortSignal; readonly clock: Clock }) => Promise<readonly EurekaInstance[]>;

/** Asks for what is wanted alone. */
function instancesByName(ask: AskEureka, { app, vip = '', secure }: EurekaSettings): Instances {
  const question =
    app === undefined
      ? { path: [secure === true ? 'svips' : 'vips', vip], read: readApplications }
      : { path: ['apps', app.toUpperCase()], read: readApplication };
  return async (ctx) => (await ask({ ...question, ...ctx, unknown: 'is nobody' }))?.instances ?? [];
}

/** Asks for everything once, then for what changed, and for everything again when that does not add up. */
function instancesByDelta(ask: AskEureka, settings: EurekaSettings): Instances {
  const wanted = wantedBy(settings);
  const read = readApplications;
  let known: { readonly copy: RegistryCopy; readonly askedAtMs: number } | undefined;

  return async (ctx) => {
    const askedAtMs = ctx.clock.now();
    const before = known;
    let copy: RegistryCopy | undefined;
    if (before !== undefined && askedAtMs - before.askedAtMs <= DELTA_REACHES_BACK_MS) {
      const delta = await ask({ path: ['apps', 'delta'], read, ...ctx, unknown: 'is no delta' });
      const changed = delta && withDelta(before.copy, delta, wanted);
      if (changed !== undefined && hashcodeOf(changed) === delta?.hashcode) copy = changed;
    }
    if (copy === undefined) {
      const full = await ask({ path: ['apps'], read, ...ctx, unknown: 'is an error' });
      copy = copyOf(full ?? { hashcode: undefined, instances: [] }, wanted);
    }
    known = { copy, askedAtMs };
    return wantedOf(copy);
  };
}

function wantedBy({ app, vip, secure }: EurekaSettings): Wanted {
  if (app !== undefined) {
    const prefix = `${app.toUpperCase()}/`;
    return ({ key }) => key.startsWith(prefix);
  }
  const field = secure === true ? 'secureVipAddress' : 'vipAddress';
  // Several, with commas between them, in any case (`Applications.getInstancesByVirtualHostName`).
  return ({ fields }) =>
    (text(fields[field]) ?? '').split(',').some((each) => each.trim().toUpperCase() === vip?.toUpperCase());
}

/** One service's knowledge of who serves it, from its resolver and, if it has one, its file. */

import { createSavedListFile } from '../control/discovery/saved-list-file.js';
import { createFeed, type Feed, type FeedOptions } from '../control/discovery/feed.js';
import { createRestoredFeed } from '../control/discovery/restored-feed.js';
import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Resolution } from '../core/resolution.js';
import type { ServiceSettings } from './options.js';
import type { ServiceAnnouncer } from './service-announcer.js';

export interface ServiceFeed extends Feed {
  /** Resolves when the file, if there is one, is up to date; only after `close`. */
  saved?(): Promise<void>;
}

export interface ServiceFeedInput {
  readonly name: string;
  readonly settings: Pick<ServiceSettings, 'resolver' | 'cache'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: ServiceAnnouncer;
}

export function createServiceFeed(
  { name: service, settings, clock, random, announcer }: ServiceFeedInput,
  onChange: (resolution: Resolution) => void,
): ServiceFeed {
  const { resolver, cache } = settings;
  const options: FeedOptions = {
    resolver,
    cache,
    clock,
    random,
    service,
    onChange,
    onAnswer: (resolution, count) => announcer.answered(resolution, count),
    onError: (error, resolution) => announcer.unanswered(error, resolution),
    onRefused: (refused) => announcer.refused(refused),
  };
  if (cache.file === undefined) return createFeed(options);
  const file = createSavedListFile({
    file: cache.file,
    maxAgeMs: cache.fileMaxAgeMs ?? cache.staleMs,
    owner: { service, resolver: resolver.kind, source: resolver.source },
    clock,
    report: (event) => announcer.cacheFile(file.path, event),
  });
  return createRestoredFeed(options, file);
}

/** A feed that begins with the list on disk, and keeps that list up to date. */

import { UNKNOWN_RESOLUTION } from '../../core/resolution.js';
import type { SavedListFile } from './saved-list-file.js';
import { createFeed, type Feed, type FeedOptions } from './feed.js';

export interface RestoredFeed extends Feed {
  /** Resolves when what is known has been written; only after {@link Feed.close}. */
  saved(): Promise<void>;
}

/**
 * Discovery is asked when the file has been read, which takes milliseconds, and not before: with the list in hand, an
 * empty first answer is doubted like any sudden emptiness.
 */
export function createRestoredFeed(options: FeedOptions, file: SavedListFile): RestoredFeed {
  const feed = createFeed({
    ...options,
    onChange: (resolution) => options.onChange(resolution),
    onError: (error, resolution) => options.onError?.(error, resolution),
    onRefused: (refused) => options.onRefused?.(refused),
    onAnswer(resolution, count) {
      file.note(resolution);
      options.onAnswer?.(resolution, count);
    },
  });
  let state: 'new' | 'begun' | 'closed' = 'new';
  let saving: Promise<void> | undefined;

  return {
    resolution: () => (state === 'new' ? UNKNOWN_RESOLUTION : feed.resolution()),
    refresh: () => feed.refresh(),
    start() {
      if (state !== 'new') return;
      state = 'begun';
      void file.load().then((initial) => {
        if (state === 'begun') feed.start(initial);
      });
    },
    close() {
      state = 'closed';
      feed.close();
      saving ??= file.close();
    },
    saved: () => saving ?? Promise.resolve(),
  };
}

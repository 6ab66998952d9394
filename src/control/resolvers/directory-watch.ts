/**
 * Tells when something happens in a directory. A hint, not a promise: network and container file systems report
 * nothing, and a directory that was deleted falls silent; so whoever listens also looks for itself now and then, and
 * calls {@link DirectoryWatch.renew} when it does.
 */

import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface DirectoryWatch {
  /** Follows the path to where it leads now. Never fails: what cannot be watched is not. */
  renew(): Promise<void>;
  close(): void;
}

/** @param onEvent gets the name of the entry that something happened to, where the system tells it */
export function createDirectoryWatch(path: string, onEvent: (entry: string | undefined) => void): DirectoryWatch {
  let watcher: FSWatcher | undefined;
  let watched: string | undefined;
  let closed = false;

  function stop(): void {
    watcher?.close();
    watcher = undefined;
    watched = undefined;
  }

  return {
    async renew() {
      const found = await identityOf(path);
      if (closed || (found === watched && watcher !== undefined)) return;
      stop();
      if (found === undefined) return;
      try {
        // Does not keep the process alive.
        watcher = watch(path, { persistent: false }, (_event, entry) => onEvent(entry ?? undefined));
        watcher.on('error', stop);
        watched = found;
      } catch {
        // Deleted meanwhile, or the system's watches are used up.
        stop();
      }
    },
    close() {
      closed = true;
      stop();
    },
  };
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

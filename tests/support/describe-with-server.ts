import { describe, it } from '@jest/globals';

import { ensureDebianServer, type ServerName } from './debian-packages.js';

/**
 * A suite that needs real servers. Where they cannot be had it is skipped, loudly; under CI that is a failure, because
 * a check that silently does not run is worse than none.
 */
export function describeWithServer(names: ServerName | readonly ServerName[], title: string, suite: () => void): void {
  try {
    for (const name of [names].flat()) ensureDebianServer(name);
  } catch (error) {
    if (process.env['CI'] !== undefined) {
      describe(title, () => {
        it(`has the server it needs (${[names].flat().join(', ')})`, () => {
          throw error;
        });
      });
      return;
    }
    process.stderr.write(`\n*** SKIPPED: ${title}\n*** ${(error as Error).message.replaceAll('\n', '\n*** ')}\n\n`);
    describe.skip(title, suite);
    return;
  }
  describe(title, suite);
}

import { settle } from '../describe.js';
import type { FetchCase, LooseInit, Stage } from '../fetch-case.js';

/** One request, and how it ended. The init is made anew for every run: bodies are used up. */
export function sent(
  name: string,
  init?: (stage: Stage) => LooseInit,
  more: Partial<FetchCase> & { readonly path?: string } = {},
): FetchCase {
  const { path = '/items?id=1', ...rest } = more;
  return {
    name,
    run: (stage) =>
      settle(init === undefined ? stage.fetch(stage.url(path)) : stage.fetch(stage.url(path), init(stage))),
    ...rest,
  };
}

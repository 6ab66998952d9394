/**
 * The two ways to ask for what comes after a mark.
 *
 * - `index`: Consul's. A number from a header of the last answer goes into the query, with the longest wait.
 * - `prefer`: the entity tag of the last answer in `If-None-Match`, and `Prefer: wait=60` (RFC 7240 §4.3). A registry
 *   that heeds it answers when there is another representation, or with 304 when the wait is over.
 */

import type { RegistryQuestion, RegistryReply } from './registry-request.js';

export interface LongPollOptions {
  /**
   * How a request says what it has seen: by an `index` in the query, as in Consul, or by `If-None-Match` and
   * `prefer`: `Prefer: wait=60` (RFC 7240).
   * @default 'index'
   */
  readonly style?: 'index' | 'prefer';
  /** How long the registry may hold a request, in milliseconds, 1_000–600_000; for `prefer` whole seconds. @default 60_000 */
  readonly waitMs?: number;
  /** Query parameter for the index of the last answer. Of style `index`, as the rest. @default 'index' */
  readonly indexParameter?: string;
  /** Query parameter for the wait, sent as `60s` or `1500ms`. @default 'wait' */
  readonly waitParameter?: string;
  /** Response header with the index. @default 'x-index' */
  readonly indexHeader?: string;
}

export type MarkedQuestion = Pick<RegistryQuestion, 'etag' | 'parameters' | 'openHeaders'>;

export interface PollStyle {
  /** The question for what comes after the mark. */
  after(mark: string): MarkedQuestion;
  /** The mark that an answer leaves, to a question that named `asked`. */
  markOf(reply: RegistryReply, asked: string | undefined): string | undefined;
  /** Whether the next question may name `next`, which came after `tookMs` to a question that named `asked`. */
  isGoodAfter(asked: string, next: string, tookMs: number, reply: RegistryReply): boolean;
}

/** Filled in, but for the style, which is `index` for all who know no other. */
export type PollStyleSettings = Required<Omit<LongPollOptions, 'style'>> & Pick<LongPollOptions, 'style'>;

export function pollStyle(options: PollStyleSettings): PollStyle {
  return options.style === 'prefer' ? preferStyle(options) : indexStyle(options);
}

function indexStyle({ waitMs, indexParameter, waitParameter, indexHeader }: PollStyleSettings): PollStyle {
  const wait = waitMs % 1_000 === 0 ? `${waitMs / 1_000}s` : `${waitMs}ms`;
  return {
    after: (mark) => ({ parameters: { [indexParameter]: mark, [waitParameter]: wait } }),
    // Consul: an index is greater than zero, and one that is not must not be used.
    markOf({ headers }) {
      const text = headers.get(indexHeader) ?? '';
      return /^[1-9]\d{0,15}$/.test(text) ? text : undefined;
    },
    isGoodAfter: (asked, next, tookMs) => Number(next) > Number(asked) || (next === asked && tookMs >= waitMs),
  };
}

function preferStyle({ waitMs }: PollStyleSettings): PollStyle {
  return {
    after: (mark) => ({ etag: mark, openHeaders: { prefer: `wait=${waitMs / 1_000}` } }),
    // RFC 9110 §15.4.5 wants the tag in a 304, too; not every server sends it.
    markOf: ({ headers, endpoints }, asked) => headers.get('etag') ?? (endpoints === undefined ? asked : undefined),
    isGoodAfter: (asked, next, tookMs, { headers }) =>
      next !== asked || tookMs >= Math.min(waitMs, appliedWaitMs(headers) ?? waitMs),
  };
}

/** RFC 7240 §3: what the registry made of the preference; one that never waits as long as asked says so here. */
function appliedWaitMs(headers: Headers): number | undefined {
  const seconds = /(?:^|[\s,;])wait="?(\d{1,6})/i.exec(headers.get('preference-applied') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

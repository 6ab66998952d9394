/** What the combinators share: the resolvers they combine, each as a feed that lives by the parent's settings. */

import { describeError } from '../../core/errors.js';
import type { Resolution } from '../../core/resolution.js';
import type { Receiver, Resolver } from '../../core/resolver.js';
import { invalidOption, memberPath, mustBe } from '../../kit/option-error.js';
import type { FeedContext } from '../discovery/feed-context.js';
import { createFeed, type Feed } from '../discovery/feed.js';

/**
 * The arguments of a combinator, checked and copied.
 * @throws FairleadError `ERR_INVALID_OPTION` when there are none, or one is no resolver
 */
export function childResolvers(combinator: string, resolvers: readonly Resolver[]): readonly Resolver[] {
  if (resolvers.length === 0) throw invalidOption(combinator, 'needs at least one resolver');
  return resolvers.map((resolver, index) => childResolver(memberPath(combinator, index), resolver));
}

/**
 * @param path of the argument, for messages
 * @throws FairleadError `ERR_INVALID_OPTION` when it is no resolver
 */
export function childResolver(path: string, resolver: Resolver): Resolver {
  const { resolve, watch } = (resolver ?? {}) as { resolve?: unknown; watch?: unknown };
  if (typeof resolve === 'function' || typeof watch === 'function') return resolver;
  throw mustBe(path, 'a resolver', resolver);
}

/** What `Prober.source` says of several. */
export function sourceOfAll(resolvers: readonly Resolver[]): string {
  return JSON.stringify(resolvers.map(({ kind, source = '' }) => [kind, source]));
}

export interface ChildListener {
  answered(child: Feed): void;
  /** Comes after the child's resolution has taken the failure in; which does not show there if only a part of it failed. */
  failed(child: Feed, error: unknown): void;
}

/** A feed for one child; not started, since a child may answer while it is. */
export function createChild(resolver: Resolver, ctx: FeedContext, listener: ChildListener): Feed {
  const feed = createFeed({
    resolver,
    cache: ctx.cache,
    clock: ctx.clock,
    random: ctx.random,
    service: ctx.service,
    // Every change comes with an answer or a failure.
    onChange: () => {},
    onAnswer: () => listener.answered(feed),
    onError: (error) => listener.failed(feed, error),
    onRefused: ctx.reportRefused,
  });
  return feed;
}

/**
 * When no child knows anybody: nobody there if all say so, could not ask if one may hide somebody, nothing yet if one
 * is silent. Returns whether it reported a failure.
 */
export function reportNobody(
  resolvers: readonly Resolver[],
  known: readonly Resolution[],
  receiver: Receiver,
): boolean {
  if (known.some(({ status }) => status === 'unknown')) return false;
  const failed = known.some(({ status }) => status === 'failed');
  if (failed) receiver.error(combinedError(resolvers, known));
  else receiver.update({ endpoints: [], authoritative: true });
  return failed;
}

/** Why asking fails: the one reason, or all of them, each under the name of its resolver. */
export function combinedError(resolvers: readonly Resolver[], known: readonly Resolution[]): unknown {
  const failing = [...known.entries()].filter(([, { failingSinceMs }]) => failingSinceMs !== undefined);
  const errors = failing.map(([, { error }]) => error);
  if (errors.length === 1) return errors[0];
  const reasons = failing.map(([index, { error }]) => `${resolvers[index]?.kind}: ${describeError(error)}`);
  return new AggregateError(errors, reasons.join('; '));
}

/**
 * One question to the servers there are, one after the other, until one answers.
 *
 * "There is none" is an answer and ends the search: the servers of a machine are meant to know the same. SERVFAIL,
 * REFUSED and garbage lead to the next server, and this one is not asked the same again: the feed asks again, with a
 * growing wait, and hammering a server that is in trouble helps nobody. Silence may have been a lost packet, so the
 * silent are asked in the next round.
 */

import { askServer, RCODES, type AskServerContext, type ServerReply } from './ask-server.js';
import { DnsError, type DnsQuestion, type DnsServerAttempt, type ServerFailure } from './dns-error.js';
import type { NoteQuestion } from './dns-report.js';
import type { NameServer } from './name-server.js';
import type { ServerOrder } from './server-order.js';

export interface AskServersContext extends AskServerContext {
  readonly servers: readonly NameServer[];
  readonly order: ServerOrder;
  /** How often each server is tried, at most. */
  readonly tries: number;
  readonly rotate: boolean;
  readonly note: NoteQuestion;
}

export interface Reply extends ServerReply {
  readonly server: NameServer;
  /** The name does not exist; otherwise it may still have no such records. */
  readonly isNxdomain: boolean;
}

/** Failures of a server that is there. */
const DECIDED: ReadonlySet<string> = new Set(['ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'EBADRESP']);

/** @throws DnsError when no server could answer */
export async function askServers(question: DnsQuestion, ctx: AskServersContext): Promise<Reply> {
  const { clock, order, note } = ctx;
  const servers = order.next(ctx.servers, ctx.rotate, clock);
  const attempts: DnsServerAttempt[] = [];
  const decided = new Set<NameServer>();
  for (let round = 0; round < ctx.tries; round++) {
    for (const server of servers) {
      if (decided.has(server)) continue;
      const askedAtMs = clock.now();
      try {
        const reply = await askServer(server, question, ctx);
        order.answered(server);
        return { ...reply, server, isNxdomain: reply.message.rcode === RCODES.NXDOMAIN };
      } catch (error) {
        const { code, message: reason } = error as ServerFailure;
        attempts.push({ server: server.label, code, reason });
        note({ ...question, server: server.label, outcome: 'failed', reason, tookMs: clock.now() - askedAtMs });
        if (code === 'ECANCELLED') throw new DnsError(question, attempts);
        if (DECIDED.has(code)) decided.add(server);
        else order.silent(server, clock);
      }
    }
  }
  throw new DnsError(question, attempts);
}

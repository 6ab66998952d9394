/**
 * One question to one server: by UDP, by TCP when the answer does not fit, and without EDNS for a server that does not
 * know it. Ends in a message that answers the question, or in a {@link ServerFailure}.
 */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { linkSignal } from '../../../kit/link-signal.js';
import { ServerFailure, type DnsQuestion } from './dns-error.js';
import { answersQuestion, encodeQuestion, readMessage, type DnsMessage } from './dns-message.js';
import type { DnsTransport } from './dns-transport.js';
import type { NameServer } from './name-server.js';

export interface AskServerContext {
  readonly transport: DnsTransport;
  /** Unpredictable, 0–65535. */
  readonly newId: () => number;
  readonly clock: Clock;
  /** For each packet that is sent. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ServerReply {
  readonly message: DnsMessage;
  /** What carried the answer. */
  readonly protocol: 'udp' | 'tcp';
}

export const RCODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

const FAILURES: ReadonlyMap<number, readonly [code: string, name: string]> = new Map([
  [RCODES.FORMERR, ['EFORMERR', 'FORMERR']],
  [RCODES.SERVFAIL, ['ESERVFAIL', 'SERVFAIL']],
  [RCODES.NOTIMP, ['ENOTIMP', 'NOTIMP']],
  [RCODES.REFUSED, ['EREFUSED', 'REFUSED']],
]);

/** RFC 6891 §6.1.3: the server speaks no version of EDNS that we do. */
const BADVERS = 16;
const EDNS_UNKNOWN: ReadonlySet<number> = new Set([RCODES.FORMERR, RCODES.NOTIMP, BADVERS]);

/** @throws ServerFailure, also for an answer that is a failure (SERVFAIL, REFUSED, …); not for NXDOMAIN */
export async function askServer(
  server: NameServer,
  question: DnsQuestion,
  ctx: AskServerContext,
): Promise<ServerReply> {
  let reply = await exchange(server, question, true, ctx);
  // RFC 6891 §7: a server that does not know EDNS is asked as in 1987.
  if (EDNS_UNKNOWN.has(reply.message.rcode)) reply = await exchange(server, question, false, ctx);
  const { rcode, isReferral } = reply.message;
  if (rcode !== RCODES.NOERROR && rcode !== RCODES.NXDOMAIN) {
    const [code, name] = FAILURES.get(rcode) ?? ['ESERVFAIL', `response code ${rcode}`];
    throw new ServerFailure(code, name);
  }
  if (isReferral) throw new ServerFailure('EBADRESP', 'does not know the name and refers to other servers');
  return reply;
}

async function exchange(
  server: NameServer,
  question: DnsQuestion,
  edns: boolean,
  ctx: AskServerContext,
): Promise<ServerReply> {
  const message = await sendAndReceive('udp', server, encodeQuestion(question, ctx.newId(), edns), ctx);
  if (!message.truncated) return { message, protocol: 'udp' };
  try {
    const whole = await sendAndReceive('tcp', server, encodeQuestion(question, ctx.newId(), edns), ctx);
    if (whole.truncated) throw new ServerFailure('EBADRESP', 'truncated again');
    return { message: whole, protocol: 'tcp' };
  } catch (error) {
    // The part that came by UDP is no substitute: who is missing from it would look gone (RFC 2181 §9).
    const { code, message: reason } = error as ServerFailure;
    throw new ServerFailure(code, `the answer was truncated, and over TCP: ${reason}`);
  }
}

/**
 * Waits for the answer to this packet. Datagrams that are no answer to it are passed over, as whoever guesses should not
 * even end the wait; on a stream they can only come from the server itself, and waiting would not help.
 */
function sendAndReceive(
  protocol: ServerReply['protocol'],
  server: NameServer,
  packet: Buffer,
  { transport, clock, timeoutMs, signal }: AskServerContext,
): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    let ignored = 0;
    let ended = false;
    let channel: Disposable | undefined;
    const end = (finish: () => void): void => {
      if (ended) return;
      ended = true;
      timer[Symbol.dispose]();
      unlink();
      channel?.[Symbol.dispose]();
      finish();
    };
    const fail = (code: string, reason: string): void => end(() => reject(new ServerFailure(code, reason)));
    const timer = clock.setTimer(() => fail('ETIMEOUT', silence(timeoutMs, ignored)), timeoutMs);
    let unlink = (): void => {};
    unlink = linkSignal(signal, () => fail('ECANCELLED', 'cancelled'));
    if (ended) return;
    try {
      channel = transport[protocol](server, packet, {
        message(bytes) {
          if (!answersQuestion(bytes, packet)) {
            if (protocol === 'tcp') fail('EBADRESP', 'answered another question');
            ignored++;
            return;
          }
          let message: DnsMessage;
          try {
            message = readMessage(bytes);
          } catch (error) {
            return fail('EBADRESP', `a malformed answer: ${describeError(error)}`);
          }
          end(() => resolve(message));
        },
        failed: ({ code = 'EBADRESP', message }) => fail(code, message),
      });
    } catch (error) {
      // No socket could be made: too many are open.
      fail((error as { code?: string }).code ?? 'EBADRESP', describeError(error));
    }
    // It answered, or failed, while it was sending.
    if (ended) channel?.[Symbol.dispose]();
  });
}

function silence(timeoutMs: number, ignored: number): string {
  const others = ignored === 0 ? '' : `, but ${ignored} that answer another question`;
  return `no answer within ${timeoutMs} ms${others}`;
}

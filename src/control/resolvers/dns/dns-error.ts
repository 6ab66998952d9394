/**
 * Why a name server could not be asked. "There is none" (NXDOMAIN, NODATA) is an answer and never one of these.
 *
 * Codes are those of `node:dns` where it has one, so that existing checks keep working.
 */

/** What is asked for, of which name. */
export interface DnsQuestion {
  readonly type: 'A' | 'AAAA' | 'SRV';
  /** Lower case, without a trailing dot. */
  readonly name: string;
}

/**
 * - `ESERVFAIL`, `EREFUSED`, `EFORMERR`, `ENOTIMP`: the server said so.
 * - `EBADRESP`: it answered something that cannot be used: malformed, too long, a referral, aliases without an end.
 * - `ETIMEOUT`: it said nothing in time.
 * - `ECANCELLED`: nobody wants to know any more.
 * - others come from the network, such as `ECONNREFUSED`.
 */
export type DnsFailureCode =
  | 'ESERVFAIL'
  | 'EREFUSED'
  | 'EFORMERR'
  | 'ENOTIMP'
  | 'EBADRESP'
  | 'ETIMEOUT'
  | 'ECANCELLED'
  | (string & Record<never, never>);

/** One server's failure to answer one question. */
export class ServerFailure extends Error {
  readonly code: DnsFailureCode;

  constructor(code: DnsFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface DnsServerAttempt {
  /** `10.0.0.2`, with its port where that is not 53. */
  readonly server: string;
  readonly code: DnsFailureCode;
  /** In words. */
  readonly reason: string;
}

/** No server could answer a question. The message names the record, and what each server said. */
export class DnsError extends Error {
  override readonly name: string = 'DnsError';
  /** Of the attempt that says most: what a server answered goes before silence. */
  readonly code: DnsFailureCode;
  readonly record: DnsQuestion['type'];
  /** The name that was asked about, with its search domain. */
  readonly hostname: string;
  /** In the order in which they were asked; a server that was tried twice is there twice. */
  readonly attempts: readonly DnsServerAttempt[];

  constructor({ type, name }: DnsQuestion, attempts: readonly DnsServerAttempt[]) {
    const code = mostTelling(attempts);
    super(`${code}: ${type} ${name}: ${describeAttempts(attempts)}`);
    this.code = code;
    this.record = type;
    this.hostname = name;
    this.attempts = attempts;
  }
}

/** Silence and a broken network tell least: a server that says SERVFAIL is there and knows that something is wrong. */
function mostTelling(attempts: readonly DnsServerAttempt[]): DnsFailureCode {
  const rank = ({ code }: DnsServerAttempt): number => {
    if (code === 'ECANCELLED') return 3;
    if (ANSWERED.has(code)) return 2;
    return code === 'ETIMEOUT' ? 0 : 1;
  };
  return (
    attempts.reduce<DnsServerAttempt | undefined>(
      (best, each) => (best === undefined || rank(each) > rank(best) ? each : best),
      undefined,
    )?.code ?? 'ESERVFAIL'
  );
}

const ANSWERED: ReadonlySet<string> = new Set(['ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'EBADRESP']);

/** `10.0.0.2: no answer within 1000 ms (2 times); 10.0.0.3: SERVFAIL`. */
function describeAttempts(attempts: readonly DnsServerAttempt[]): string {
  const times = new Map<string, number>();
  for (const { server, reason } of attempts) {
    const text = `${server}: ${reason}`;
    times.set(text, (times.get(text) ?? 0) + 1);
  }
  return [...times].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`)).join('; ');
}

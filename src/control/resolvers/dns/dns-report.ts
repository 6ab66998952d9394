/**
 * Where an answer came from, for people who debug at night: which record, which server, what time to live.
 *
 * It goes beside the answer and not into the endpoints' metadata: servers take turns and times to live count down, and
 * an endpoint that "changed" with every refresh would cost an event and a new picker each time.
 */

import type { ResolverAnswer } from '../../../core/resolver.js';
import type { DnsQuestion } from './dns-error.js';
import type { FoundEndpoint } from './found-endpoint.js';

export interface QuestionReport {
  /** `lookup` is the system's own. */
  readonly type: DnsQuestion['type'] | 'lookup';
  readonly name: string;
  /** The server, or `the system` for what its own lookup said. */
  readonly server: string;
  /** `nodata`: the name exists, but has no such records. */
  readonly outcome: 'found' | 'nxdomain' | 'nodata' | 'failed';
  /** Of the records found, the shortest, aliases included. */
  readonly ttlMs?: number | undefined;
  /** What carried the answer. */
  readonly protocol?: 'udp' | 'tcp' | undefined;
  /** Why it failed. */
  readonly reason?: string | undefined;
  readonly tookMs: number;
}

export type NoteQuestion = (question: QuestionReport) => void;

export interface DnsReport {
  /** Every question, in the order in which their answers came. */
  readonly questions: readonly QuestionReport[];
  /** In the order of the answer's endpoints; empty when there is none. */
  readonly endpoints: readonly FoundEndpoint[];
}

const reports = new WeakMap<object, DnsReport>();

/** What is known about an answer that `dnsResolver` gave, or about the error that it rejected with. */
export function getDnsReport(answerOrError: ResolverAnswer | Error): DnsReport | undefined {
  return reports.get(answerOrError);
}

export function setDnsReport(answerOrError: object, report: DnsReport): void {
  reports.set(answerOrError, report);
}

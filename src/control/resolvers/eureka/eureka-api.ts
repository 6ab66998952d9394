/** Eureka's REST interface, as far as a client that only looks needs it, at several servers in turn. */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { exchangeJson, type JsonRequest } from '../json-exchange.js';
import { firstAnswer } from '../registry-failover.js';
import { urlBelow } from '../registry-url.js';
import { readApplications, type Applications } from './applications.js';

export interface EurekaQuestion {
  /** Below a server's address. */
  readonly path: readonly string[];
  readonly read: (body: unknown) => Applications;
  /**
   * What it means when a server does not know the path:
   * - `is nobody`: Eureka says so for an application without instances. So does whatever answers at a mistyped address,
   *   and therefore the server is asked for something that every Eureka knows before it is believed;
   * - `is no delta`: the server has deltas switched off, or says 403 because it is just starting.
   */
  readonly unknown: 'is nobody' | 'is no delta' | 'is an error';
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Undefined when the answer is that there is none. */
export type AskEureka = (question: EurekaQuestion) => Promise<Applications | undefined>;

export interface EurekaAccess extends Pick<JsonRequest<unknown>, 'fetch' | 'headers' | 'maxBytes'> {
  readonly timeoutMs: number;
}

export function askEureka(urls: readonly URL[], access: EurekaAccess): AskEureka {
  return firstAnswer(urls.map((url) => (question) => askServer(url, access, question)));
}

async function askServer(
  base: URL,
  access: EurekaAccess,
  { path, unknown, read, signal, clock }: EurekaQuestion,
): Promise<Applications | undefined> {
  const { timeoutMs, fetch, headers, maxBytes } = access;
  const ask = (
    url: URL,
    accepted: readonly number[],
    reader: EurekaQuestion['read'],
  ): Promise<Applications | undefined> =>
    exchangeJson<Applications | undefined>(
      {
        fetch,
        headers,
        maxBytes,
        url,
        accepts: (status) => accepted.includes(status),
        read: (body, { status }) => (status === 200 ? reader(body) : undefined),
      },
      { timeoutMs, signal, clock },
    );

  const url = urlBelow(base, path);
  if (unknown !== 'is nobody') return ask(url, unknown === 'is no delta' ? [403, 404] : [], read);
  const applications = await ask(url, [404], read);
  if (applications === undefined) {
    try {
      await ask(urlBelow(base, ['apps', 'delta']), [403], readApplications);
    } catch (error) {
      throw new Error(`GET ${url.href}: status 404, but this seems to be no Eureka: ${describeError(error)}`);
    }
  }
  return applications;
}

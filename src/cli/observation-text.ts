/** An observation for people: what a client would know, where it comes from, and what is wrong with it. */

import { DEFAULT_CACHE_SETTINGS } from '../control/discovery/cache-settings.js';
import type { DnsReport, QuestionReport } from '../control/resolvers/dns/dns-report.js';
import type { FoundEndpoint } from '../control/resolvers/dns/found-endpoint.js';
import type { Endpoint } from '../core/endpoint.js';
import { describeError } from '../core/errors.js';
import { createAddressPolicy } from '../kit/address-policy.js';
import type { Observation } from './observe.js';
import type { Paint } from './paint.js';
import { durationInWords, printable, table } from './words.js';

export function observationText(observation: Observation, paint: Paint): string {
  const { dns, resolution } = observation;
  const sections = [
    [headline(observation, paint), ...freshness(observation).map((line) => paint('faint', line))],
    endpointTable(resolution.endpoints, dns).map((line, at) => (at === 0 ? paint('faint', line) : line)),
    dns === undefined ? [] : ['asked:', ...questionTable(dns.questions).map((line) => `  ${line}`)],
    problems(observation).map((problem) => paint('bad', printable(problem))),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** What a client knows, in one line. */
export function headline({ resolver, resolution, error, tookMs }: Observation, paint: Paint): string {
  const { status, endpoints, held } = resolution;
  const many = endpoints.length === 1 ? '1 endpoint' : `${endpoints.length} endpoints`;
  const how = paint('faint', `(${resolver}, ${durationInWords(tookMs)})`);
  if (error !== undefined) {
    const kept = endpoints.length === 0 ? '' : `; what was known is still used: ${many}`;
    return `${paint('bad', 'could not ask')}: ${printable(describeError(error))}${kept} ${how}`;
  }
  if (held !== undefined) {
    const kind = held === 'empty' ? 'an empty answer' : 'an answer with far fewer endpoints';
    return `${paint('bad', `${kind} is kept back for now`)}; what was known is still used: ${many} ${how}`;
  }
  if (status === 'found') return `${paint('good', `found ${many}`)} ${how}`;
  return `${paint('bad', 'nobody serves it')}: the answer is an empty list ${how}`;
}

/** How long it may be believed, and what a client makes of that. */
export function freshness({ answer, resolution, pushed }: Observation): string[] {
  if (answer === undefined) return [];
  const { minTtlMs, maxTtlMs, defaultTtlMs, negativeTtlMs } = DEFAULT_CACHE_SETTINGS;
  const { ttlMs, authoritative } = answer;
  const stated = ttlMs === undefined ? 'no time to live is stated' : `time to live ${durationInWords(ttlMs)}`;
  const lines: string[] = [];
  if (pushed) lines.push('changes are told by the source');
  else if (resolution.endpoints.length === 0) {
    lines.push(`${stated}; asked again after ${durationInWords(negativeTtlMs)}, since nobody is there`);
  } else {
    const usedMs = Math.min(Math.max(ttlMs ?? defaultTtlMs, minTtlMs), maxTtlMs);
    lines.push(usedMs === ttlMs ? stated : `${stated}; a client takes ${durationInWords(usedMs)}`);
  }
  if (authoritative === true)
    lines.push('the source vouches for it: an empty or much shorter list is believed at once');
  return lines;
}

function endpointTable(endpoints: readonly Endpoint[], dns: DnsReport | undefined): string[] {
  if (endpoints.length === 0) return [];
  const [first] = endpoints as [Endpoint];
  const differs = (of: (endpoint: Endpoint) => unknown, usual: unknown): boolean =>
    endpoints.some((endpoint) => of(endpoint) !== usual);
  const weights = differs(({ weight }) => weight, 1);
  const priorities = differs(({ priority }) => priority, 0) || first.priority !== 0;
  const rows = endpoints.map((endpoint) => [
    addressOf(endpoint),
    endpoint.id === `http://${addressOf(endpoint)}` || endpoint.id === addressOf(endpoint) ? '' : endpoint.id,
    weights ? String(endpoint.weight) : '',
    priorities ? String(endpoint.priority) : '',
    endpoint.zone ?? '',
    endpoint.region ?? '',
    endpoint.hostname ?? '',
    provenanceInWords(foundBy(dns, endpoint)),
    Object.entries(endpoint.metadata)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  ]);
  return table([['endpoint', 'id', 'weight', 'priority', 'zone', 'region', 'host name', 'from', 'metadata'], ...rows]);
}

/** As it is dialled; without a scheme when the caller's URL decides. */
export function addressOf({ scheme, host, port, basePath }: Endpoint): string {
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  return `${scheme === undefined ? '' : `${scheme}://`}${authority}${basePath}`;
}

/** Where DNS has an endpoint from. The order of the endpoints may be that of an older answer. */
export function foundBy(dns: DnsReport | undefined, { host, port }: Endpoint): FoundEndpoint | undefined {
  return dns?.endpoints.find(({ endpoint }) => endpoint.host === host && endpoint.port === port);
}

function provenanceInWords(found: FoundEndpoint | undefined): string {
  if (found === undefined) return '';
  const life = found.ttlMs === undefined ? '' : `, ${durationInWords(found.ttlMs)}`;
  return `${found.record} by ${found.server}${life}`;
}

function questionTable(questions: readonly QuestionReport[]): string[] {
  const rows = questions.map(({ type, name, server, protocol, outcome, ttlMs, reason, tookMs }) => [
    type,
    name,
    `${server}${protocol === 'tcp' ? ' (tcp)' : ''}`,
    `${OUTCOMES[outcome]}${reason === undefined ? '' : `: ${reason}`}`,
    ttlMs === undefined ? '' : `ttl ${durationInWords(ttlMs)}`,
    `in ${durationInWords(tookMs)}`,
  ]);
  return table([['', '', '', '', '', ''], ...rows]).slice(1);
}

const OUTCOMES: Readonly<Record<QuestionReport['outcome'], string>> = {
  found: 'found',
  nxdomain: 'no such name (NXDOMAIN)',
  nodata: 'no such records (NODATA)',
  failed: 'failed',
};

/** Everything that keeps a client from using what is there. */
export function problems({ refused, partial, resolution }: Observation): string[] {
  const policy = createAddressPolicy({});
  return [
    ...partial.map((error) => `a part could not be asked: ${describeError(error)}`),
    ...refused.map(({ input, reason }) => `left out: ${input}: ${reason}`),
    ...resolution.endpoints.flatMap((endpoint) => {
      const reason = policy.refuse(endpoint.host, endpoint.port);
      return reason === undefined ? [] : [`refused unless \`allow\` says otherwise: ${addressOf(endpoint)}: ${reason}`];
    }),
  ];
}

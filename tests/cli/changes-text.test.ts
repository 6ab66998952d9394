import { describe, expect, it } from '@jest/globals';

import { changesText, isNews } from '../../src/cli/changes-text.js';
import type { Observation } from '../../src/cli/observe.js';
import { normalizeEndpoint } from '../../src/control/discovery/normalize-endpoint.js';
import type { Endpoint, EndpointInput } from '../../src/core/endpoint.js';
import { UNKNOWN_RESOLUTION, type Resolution } from '../../src/core/resolution.js';

const plain = (_ink: string, text: string): string => text;

function observed(
  inputs: readonly EndpointInput[],
  more: Partial<Observation> = {},
  held?: Resolution['held'],
): Observation {
  const endpoints = inputs.map((input) => normalizeEndpoint(input) as Endpoint);
  return {
    resolver: 'dns',
    pushed: false,
    resolution: { ...UNKNOWN_RESOLUTION, status: endpoints.length === 0 ? 'none' : 'found', endpoints, held },
    answer: { ttlMs: 30_000 },
    error: undefined,
    partial: [],
    refused: [],
    dns: undefined,
    tookMs: 4,
    ...more,
  };
}

describe('what changed', () => {
  it('is told endpoint by endpoint', () => {
    const before = observed(['a:1', 'b:1', { host: 'c', port: 1, zone: 'x' }, { host: 'd', metadata: { v: '1' } }]);
    const now = observed(['a:1', 'e:1', { host: 'c', port: 1, weight: 2 }, { host: 'd', metadata: { v: '2' } }]);
    expect(changesText(before, now, plain)).toBe(
      [
        'found 4 endpoints (dns, 4 ms)',
        '  + e:1',
        '  ~ c:1: weight 1 → 2, zone x → none',
        '  ~ d: its metadata',
        '  - b:1',
      ].join('\n'),
    );
  });

  it('is a failure, an answer that is kept back, or a new problem', () => {
    const before = observed(['a:1']);
    const down = { ...before, answer: undefined, error: new Error('SERVFAIL\u001b[2J') };
    expect(changesText(before, down, plain)).toBe(
      'could not ask: SERVFAIL\\u001b[2J; what was known is still used: 1 endpoint (dns, 4 ms)',
    );
    expect(changesText(before, observed(['a:1'], {}, 'empty'), plain)).toBe(
      'an empty answer is kept back for now; what was known is still used: 1 endpoint (dns, 4 ms)',
    );
    const refused = [{ input: '"h:0"', reason: 'wrong' }];
    expect(changesText(before, observed(['a:1'], { refused }), plain)).toMatch(/\n {2}! left out: "h:0": wrong$/);
  });

  it('is news only when something did', () => {
    const before = observed(['a:1']);
    expect(isNews(before, { ...before, tookMs: 9, answer: { ttlMs: 1 } })).toBe(false);
    expect(isNews(before, { ...before, error: new Error('x') })).toBe(true);
    expect(isNews({ ...before, error: new Error('x') }, { ...before, error: new Error('x') })).toBe(false);
    expect(isNews(before, { ...before, resolution: { ...before.resolution, held: 'shrunk' } })).toBe(true);
    expect(isNews(before, { ...before, partial: [new Error('one family')] })).toBe(true);
  });
});

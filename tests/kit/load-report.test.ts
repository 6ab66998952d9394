import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readLoadReport } from '../../src/kit/load-report.js';

/** The message of the ORCA specification's example. */
const BINARY = 'CZqZmZmZmbk/MQAAAAAAAABAQg4KA2ZvbxGamZmZmZm5P0IOCgNiYXIRmpmZmZmZyT8=';
const IN_BINARY = {
  cpu_utilization: 0.1,
  rps_fractional: 2,
  'named_metrics.foo': 0.1,
  'named_metrics.bar': 0.2,
};

function read(headers: Record<string, string>): Record<string, number> | undefined {
  const report = readLoadReport((name) => headers[name]);
  return report === undefined ? undefined : Object.fromEntries(report);
}

describe('readLoadReport', () => {
  it.each([
    [
      'TEXT cpu_utilization=0.3, mem_utilization=0.8, rps_fractional=10.0, eps=1, named_metrics.custom=0.4',
      { cpu_utilization: 0.3, mem_utilization: 0.8, rps_fractional: 10, eps: 1, 'named_metrics.custom': 0.4 },
    ],
    ['TEXT cpu_utilization:0.3,eps:1', { cpu_utilization: 0.3, eps: 1 }],
    [
      'JSON {"cpu_utilization": 0.3, "rpsFractional": 10.0, "namedMetrics": {"queue": 0.4}, "odd": "x"}',
      { cpu_utilization: 0.3, rps_fractional: 10, 'named_metrics.queue': 0.4 },
    ],
    [`BIN ${BINARY}`, IN_BINARY],
  ])('reads %s', (text, expected) => expect(read({ 'endpoint-load-metrics': text })).toEqual(expected));

  it('reads the header for the binary form', () => {
    expect(read({ 'endpoint-load-metrics-bin': BINARY })).toEqual(IN_BINARY);
  });

  it.each(['', 'XML <x/>', 'JSON {', 'JSON null', 'BIN CZqZ', 'BIN Qv8='])('takes %j for none', (text) => {
    expect(read({ 'endpoint-load-metrics': text })).toBeUndefined();
  });

  it('throws for nothing, and lets no number through that is none', () => {
    const form = fc.constantFrom('TEXT ', 'JSON ', 'BIN ', '');
    fc.assert(
      fc.property(form, fc.oneof(fc.string(), fc.json(), fc.base64String()), (word, text) => {
        const report = read({ 'endpoint-load-metrics': word + text });
        for (const value of Object.values(report ?? {})) expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
